// The list of keyboard shortcuts, opened with `?`.
import { Kbd, Modal, Table } from "@mantine/core";
import { useLayer } from "../parts/useLayer.ts";
import { texts } from "./texts.ts";

export function ShortcutsHelp({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  useLayer(onClose, opened);
  return (
    <Modal opened={opened} onClose={onClose} title={texts.shortcuts.title} size="sm">
      <Table>
        <Table.Tbody>
          {texts.shortcuts.rows.map(([keys, meaning]) => (
            <Table.Tr key={keys}>
              <Table.Td>
                {keys.split(" ").map((key) => (
                  <Kbd key={key} mr={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{meaning}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
