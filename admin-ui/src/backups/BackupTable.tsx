// The files, newest first: when, why, how large, by which version, and whether a restore of it was rehearsed.
import { ActionIcon, Menu, Table } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import type { Backup } from "../api/types.ts";
import { When } from "../parts/When.tsx";
import { bytes } from "../status/figures.ts";
import { texts } from "./texts.ts";

export type BackupAction = "download" | "verify" | "finding" | "remove";

interface BackupTableProps {
  readonly backups: readonly Backup[];
  /** One thing at a time. */
  readonly isRunning: boolean;
  readonly onAction: (action: BackupAction, backup: Backup) => void;
}

export function BackupTable({ backups, isRunning, onAction }: BackupTableProps) {
  return (
    <Table.ScrollContainer minWidth={640} type="native">
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            {Object.entries(texts.columns).map(([name, title]) => (
              <Table.Th key={name} ta={name === "size" ? "right" : undefined}>
                {title}
              </Table.Th>
            ))}
            <Table.Td className="sticky-end" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {backups.map((backup) => (
            <Table.Tr key={backup.name}>
              <Table.Td>
                <When at={backup.at} />
              </Table.Td>
              <Table.Td>{texts.kinds[backup.kind]}</Table.Td>
              <Table.Td ta="right" className="num unbroken">
                {bytes(backup.bytes)}
              </Table.Td>
              <Table.Td>
                <Version backup={backup} />
              </Table.Td>
              <Table.Td>
                <Verdict backup={backup} />
              </Table.Td>
              <Table.Td ta="right" className="sticky-end">
                <Menu position="bottom-end">
                  <Menu.Target>
                    <ActionIcon variant="subtle" color="gray" size={32} aria-label={texts.more(backup.name)}>
                      <IconDots size={16} />
                    </ActionIcon>
                  </Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Item onClick={() => onAction("download", backup)}>{texts.download}</Menu.Item>
                    <Menu.Item disabled={isRunning} onClick={() => onAction("verify", backup)}>
                      {texts.verify}
                    </Menu.Item>
                    {backup.verified ? (
                      <Menu.Item onClick={() => onAction("finding", backup)}>{texts.finding.show}</Menu.Item>
                    ) : null}
                    <Menu.Item color="red" onClick={() => onAction("remove", backup)}>
                      {texts.remove}
                    </Menu.Item>
                  </Menu.Dropdown>
                </Menu>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Version({ backup }: { readonly backup: Backup }) {
  if (backup.encrypted === null) return <span className="loss">{texts.unreadable}</span>;
  return backup.version === null ? <span className="quiet">{texts.encrypted}</span> : backup.version;
}

function Verdict({ backup: { verified } }: { readonly backup: Backup }) {
  if (!verified) return <span className="quiet">{texts.unverified}</span>;
  return (
    <>
      <span className={verified.ok ? "good" : "loss"}>{verified.ok ? texts.whole : texts.faulty}</span>,{" "}
      <When at={verified.at} />
    </>
  );
}
