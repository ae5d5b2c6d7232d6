// A failure in words: what happened, why, the next step, and the request id to copy.
import { Alert, Button } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { ApiProblem } from "../api/http.ts";
import { CopyButton } from "./CopyButton.tsx";
import { texts } from "./texts.ts";

interface ProblemViewProps {
  readonly error: unknown;
  readonly title?: string;
  readonly compact?: boolean;
  readonly onRetry?: (() => void) | undefined;
}

export function ProblemView({ error, title = texts.failed, compact = false, onRetry }: ProblemViewProps) {
  const problem = error instanceof ApiProblem ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  if (compact) {
    return (
      <p className="problem-line" role="alert">
        {message}
      </p>
    );
  }
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      className="problem"
      icon={<IconAlertTriangle aria-hidden />}
      title={title}
    >
      <p>{message}</p>
      {problem?.advice ? <p>{problem.advice}</p> : null}
      {problem && problem.issues.length > 0 ? (
        <ul>
          {problem.issues.map((issue) => (
            <li key={`${issue.path} ${issue.code}`}>
              <code>{issue.path}</code> {issue.message}
            </li>
          ))}
        </ul>
      ) : null}
      {problem ? (
        <p className="problem-code">
          <code>{problem.code}</code>
          {problem.requestId ? (
            <>
              <span className="quiet">
                {texts.requestId} <code>{problem.requestId}</code>
              </span>
              <CopyButton value={problem.requestId} label={`${texts.copy}: ${texts.requestId}`} />
            </>
          ) : null}
        </p>
      ) : null}
      {onRetry ? (
        <Button size="xs" variant="default" onClick={onRetry}>
          {texts.retry}
        </Button>
      ) : null}
    </Alert>
  );
}
