// Shows a new secret once. It closes only by its button, so that a stray click does not lose the secret.
import { Button, Modal, TextInput } from "@mantine/core";
import { CopyButton } from "../parts/CopyButton.tsx";
import { useLayer } from "../parts/useLayer.ts";
import { texts } from "./texts.ts";

export function SecretDialog({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }) {
  // Not by Escape: what is shown here is shown once.
  useLayer(() => {});
  return (
    <Modal
      opened
      onClose={onClose}
      title={texts.secret.title}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      <p>{texts.secret.body}</p>
      <TextInput
        className="filter-input"
        mt="md"
        label={texts.secret.label}
        value={secret}
        readOnly
        onFocus={(event) => event.currentTarget.select()}
        rightSection={<CopyButton value={secret} />}
      />
      <Button mt="lg" fullWidth onClick={onClose}>
        {texts.secret.done}
      </Button>
    </Modal>
  );
}
