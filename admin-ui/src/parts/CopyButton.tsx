// Copies a text and says that it did.
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { texts } from "./texts.ts";
import { useCopy } from "./useCopy.ts";

export function CopyButton({ value, label = texts.copy }: { readonly value: string; readonly label?: string }) {
  const { copied, copy } = useCopy();
  return (
    <Tooltip label={copied ? texts.copied : label}>
      <ActionIcon
        variant="subtle"
        color={copied ? "green" : "gray"}
        size={28}
        aria-label={label}
        onClick={() => copy(value)}
      >
        {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
      </ActionIcon>
    </Tooltip>
  );
}
