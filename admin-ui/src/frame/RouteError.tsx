// What stands in place of a screen that failed or does not exist.
import { Button } from "@mantine/core";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { EmptyState } from "../parts/EmptyState.tsx";
import { ProblemView } from "../parts/ProblemView.tsx";
import { texts } from "./texts.ts";

export function RouteError({ error, reset }: ErrorComponentProps) {
  return (
    <div className="screen">
      <ProblemView error={error} title={texts.crashed} onRetry={reset} />
      <Button mt="md" variant="default" onClick={() => location.reload()}>
        {texts.reload}
      </Button>
    </div>
  );
}

export function NotFound() {
  return (
    <div className="screen">
      <EmptyState level={1} title={texts.notFound.title} body={texts.notFound.body}>
        <Button component={Link} to="/">
          {texts.notFound.action}
        </Button>
      </EmptyState>
    </div>
  );
}
