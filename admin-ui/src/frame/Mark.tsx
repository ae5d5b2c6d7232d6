// Landfall's mark: a shore with the tide coming in. One colour, drawn on a 16 px grid.
export function Mark({ size = 20 }: { readonly size?: number }) {
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" className="mark">
      <path
        fill="currentColor"
        d="M2 1h3v7.2c1.9 0 2.9-.5 4-1.2 1.3-.8 2.7-1.4 5-1.2v2.9c-1.6-.1-2.5.3-3.5.9-1.4.9-2.9 1.6-5.5 1.6V12h9v3H2z"
      />
    </svg>
  );
}
