import { Kbd, Modal, Table } from "@mantine/core";
import { useDisclosure, useWindowEvent } from "@mantine/hooks";
import { useKey } from "../parts/use-key";

const wanted = "assay:keys";

/** Shows the keys, as "?" does. */
export function openKeysHelp(): void {
  window.dispatchEvent(new Event(wanted));
}

const keys: [string[], string][] = [
  [["/"], "Go to the page's search or filter"],
  [["Esc"], "Empty the search; close what is open"],
  [["Ctrl", "S"], "Save (image editor)"],
  [["Ctrl", "Enter"], "Save and build (image editor)"],
  [["?"], "These keys"],
];

export function KeysHelp() {
  const [opened, { open, close }] = useDisclosure(false);
  useKey("?", open);
  useWindowEvent(wanted, open);
  return (
    <Modal opened={opened} onClose={close} title="Keys">
      <KeysTable />
    </Modal>
  );
}

export function KeysTable() {
  return (
    <Table withRowBorders={false}>
      <Table.Tbody>
        {keys.map(([combination, what]) => (
          <Table.Tr key={what}>
            <Table.Td w={130}>
              {combination.map((key, i) => (
                <span key={key}>
                  {i > 0 && " + "}
                  <Kbd>{key}</Kbd>
                </span>
              ))}
            </Table.Td>
            <Table.Td>{what}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
