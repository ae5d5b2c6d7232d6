// Short notices: done (with undo where there is one) and failed (with the request id).
import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { ApiProblem } from "../api/http.ts";
import { texts } from "./texts.ts";

export function toastDone(message: string, undo?: () => void | Promise<void>): void {
  const id = notifications.show({
    color: "green",
    closeButtonProps: { "aria-label": texts.close },
    autoClose: undo ? 10_000 : 4_000,
    message: undo ? (
      <span className="toast">
        {message}
        <Button
          size="compact-sm"
          variant="subtle"
          onClick={() => {
            notifications.hide(id);
            void Promise.resolve(undo()).catch(toastFailed);
          }}
        >
          {texts.undo}
        </Button>
      </span>
    ) : (
      message
    ),
  });
}

export function toastFailed(error: unknown): void {
  const problem = error instanceof ApiProblem ? error : undefined;
  notifications.show({
    color: "red",
    closeButtonProps: { "aria-label": texts.close },
    autoClose: 12_000,
    title: error instanceof Error ? error.message : texts.failed,
    message: (
      <>
        {problem?.advice}
        {problem?.requestId ? (
          <div className="quiet">
            {texts.requestId} <code>{problem.requestId}</code>
          </div>
        ) : null}
      </>
    ),
  });
}
