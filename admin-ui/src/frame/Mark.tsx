// Landfall's mark, as `brand/mark.svg` has it: a coast in the shape of an L, and a sail that reached it.
export function Mark({ size = 20 }: { readonly size?: number }) {
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" className="mark">
      <path fill="currentColor" d="M1 1h3v11h11v3H1zM6 1c4.6 1.2 7.6 4.6 8 9H6z" />
    </svg>
  );
}
