// The page around set-up and sign-in: the mark, one card, nothing else.
import type { ReactNode } from "react";
import { Mark } from "../frame/Mark.tsx";

export function AccessCard({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <main className="access">
      <div className="access-card">
        <Mark size={32} />
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
