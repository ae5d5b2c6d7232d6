// A record's id: a link that opens the record, shortened in its middle where the column is narrow (ids of one time begin
// alike, so their end tells them apart), and a button that copies the whole.
import { UnstyledButton } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useCopy } from "../parts/useCopy.ts";
import { texts } from "./texts.ts";

const tailLength = 8;

export function RecordId({ id }: { readonly id: string }) {
  const { copied, copy } = useCopy();
  const Icon = copied ? IconCheck : IconCopy;
  return (
    <span className="record-id">
      <Link
        from="/collections/$name/records"
        className="grid-open"
        search={(search) => ({ ...search, record: id })}
        aria-label={texts.open(id)}
        title={id}
      >
        <span className="id-head">{id.slice(0, -tailLength)}</span>
        <span>{id.slice(-tailLength)}</span>
      </Link>
      <UnstyledButton
        className={copied ? "id-copy good" : "id-copy"}
        aria-label={texts.copyId(id)}
        onClick={() => copy(id)}
      >
        <Icon size={14} aria-hidden />
      </UnstyledButton>
    </span>
  );
}
