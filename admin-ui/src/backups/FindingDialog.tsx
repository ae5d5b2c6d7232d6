// What a rehearsal found: the file's state in a sentence, and how long a restore takes.
import { Button, Group, Modal } from "@mantine/core";
import type { BackupFinding } from "../api/types.ts";
import { count, duration } from "../parts/time.ts";
import { useLayer } from "../parts/useLayer.ts";
import { When } from "../parts/When.tsx";
import { texts } from "./texts.ts";

const words = texts.finding;

interface FindingDialogProps {
  readonly name: string;
  readonly finding: BackupFinding;
  readonly onClose: () => void;
}

export function FindingDialog({ name, finding, onClose }: FindingDialogProps) {
  useLayer(onClose);
  const { ok, message, tables, rows, tookMs, at } = finding;
  const figures = [
    [words.tables, tables === null ? null : count(tables)],
    [words.rows, rows === null ? null : count(rows)],
    [words.took, ok ? duration(tookMs / 1000) : null],
    [words.at, <When key="at" at={at} />],
  ] as const;
  return (
    <Modal opened onClose={onClose} title={words.title(name)}>
      {ok ? <p className="good">{words.whole}</p> : <p className="loss">{message}</p>}
      {ok && message !== null ? (
        <p className="amber">
          {words.lacks}: {message}
        </p>
      ) : null}
      <dl className="stats">
        {figures.map(([title, value]) =>
          value === null ? null : (
            <div className="stat" key={title}>
              <dt>{title}</dt>
              <dd className="num">{value}</dd>
            </div>
          ),
        )}
      </dl>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose}>
          {words.close}
        </Button>
      </Group>
    </Modal>
  );
}
