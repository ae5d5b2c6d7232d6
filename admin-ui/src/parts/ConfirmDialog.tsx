// Asks before something is lost. The button says what will happen; with `typed`, the name must be written out first.
import { Button, Group, Modal, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { ProblemView } from "./ProblemView.tsx";
import { texts } from "./texts.ts";
import { useLayer } from "./useLayer.ts";

interface ConfirmDialogProps {
  readonly title: string;
  readonly action: string;
  readonly children?: ReactNode;
  /** What must be typed to enable the button. */
  readonly typed?: string;
  readonly danger?: boolean;
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, action, children, typed, danger = true, onConfirm, onClose } = props;
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  useLayer(onClose);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await onConfirm();
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={title}>
      <form onSubmit={(event) => void submit(event)}>
        {children}
        {typed ? (
          <TextInput
            mt="md"
            label={texts.typeName(typed)}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
        ) : null}
        {error ? <ProblemView error={error} /> : null}
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={onClose}>
            {texts.cancel}
          </Button>
          <Button
            type="submit"
            {...(danger ? { color: "red" } : {})}
            loading={busy}
            disabled={typed !== undefined && text !== typed}
          >
            {action}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
