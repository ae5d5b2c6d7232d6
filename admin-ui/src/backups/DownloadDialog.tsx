// Everything leaves the server in one file, so the owner says again who is asking. The browser then saves the file as it comes.
import { Button, Group, Modal, PasswordInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { api } from "../api/api.ts";
import type { Backup } from "../api/types.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { texts as shared } from "../parts/texts.ts";
import { useLayer } from "../parts/useLayer.ts";
import { bytes } from "../status/figures.ts";
import { texts } from "./texts.ts";

const words = texts.get;

export function DownloadDialog({ backup, onClose }: { readonly backup: Backup; readonly onClose: () => void }) {
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  useLayer(onClose);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const { url } = await api.backups.link(backup.name, password);
      follow(url, backup.name);
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={words.title}>
      <form onSubmit={(event) => void submit(event)}>
        <p className="breaks mono">{backup.name}</p>
        <p>{words.body}</p>
        <p className={backup.encrypted ? undefined : "amber"}>{backup.encrypted ? words.sealed : words.plain}</p>
        <PasswordInput
          mt="md"
          label={words.password}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          autoComplete="current-password"
          required
          data-autofocus
        />
        {error ? <ProblemView error={error} /> : null}
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={onClose}>
            {shared.cancel}
          </Button>
          <Button type="submit" loading={busy}>
            {words.submit(bytes(backup.bytes))}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

function follow(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}
