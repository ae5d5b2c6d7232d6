// Says what a place is for while it is empty, and offers the first step.
import type { ReactNode } from "react";

interface EmptyStateProps {
  readonly title: string;
  readonly body: string;
  /** Shown as code: what it could hold. */
  readonly example?: string;
  readonly children?: ReactNode;
  /** 1 where nothing else on the screen is its heading. */
  readonly level?: 1 | 2;
}

export function EmptyState({ title, body, example, children, level = 2 }: EmptyStateProps) {
  const Heading = `h${level}` as const;
  return (
    <div className="empty">
      <Heading>{title}</Heading>
      <p>{body}</p>
      {example ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <pre className="code-block" tabIndex={0}>
          {example}
        </pre>
      ) : null}
      <div className="empty-actions">{children}</div>
    </div>
  );
}
