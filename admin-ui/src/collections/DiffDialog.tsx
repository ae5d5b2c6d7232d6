// Shows each change and its danger before a definition is changed. When the server finds what would be lost (409), its
// reasons are shown and the same change may be sent again with its confirmation.
import { Badge, Button, Group, Modal } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { Confirm } from "../api/api.ts";
import { useSaveKey } from "../frame/useSaveKey.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { texts as shared } from "../parts/texts.ts";
import { useLayer } from "../parts/useLayer.ts";
import { confirmationIn } from "./confirmation.ts";
import type { Change, Danger } from "./definition-diff.ts";
import { texts } from "./texts.ts";

interface DiffDialogProps {
  readonly changes: readonly Change[];
  readonly apply: (confirm: Confirm) => Promise<unknown>;
  readonly onApplied: () => void;
  readonly onClose: () => void;
}

const colors: { readonly [danger in Danger]: string } = { none: "gray", check: "yellow", loss: "red" };

export function DiffDialog({ changes, apply, onApplied, onClose }: DiffDialogProps) {
  const change = useMutation({ mutationFn: apply, onSuccess: onApplied });
  useLayer(onClose);
  const refused = confirmationIn(change.error);
  // A loss is accepted by its button alone.
  useSaveKey(() => !refused && !change.isPending && change.mutate(undefined));
  return (
    <Modal opened onClose={onClose} title={texts.diff.title} size="lg">
      <ul className="changes">
        {changes.map(({ text, danger, why }) => (
          <li key={text}>
            <Badge
              color={colors[danger]}
              variant="outline"
              tt="none"
              className={danger === "check" ? "amber" : danger === "loss" ? "loss" : "quiet"}
            >
              {texts.diff.danger[danger]}
            </Badge>
            <div>
              <div>{text}</div>
              {why ? <div className="quiet">{why}</div> : null}
            </div>
          </li>
        ))}
      </ul>
      {refused ? (
        <div className="section" role="alert">
          <p>{texts.diff.refused}</p>
          <ul>
            {refused.reasons.map((reason) => (
              <li key={reason} className="loss">
                {reason}
              </li>
            ))}
          </ul>
        </div>
      ) : change.error ? (
        <ProblemView error={change.error} />
      ) : null}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose}>
          {shared.cancel}
        </Button>
        {refused ? (
          <Button color="red" loading={change.isPending} onClick={() => change.mutate(refused.confirm)}>
            {texts.diff.applyAnyway}
          </Button>
        ) : (
          <Button loading={change.isPending} onClick={() => change.mutate(undefined)} data-autofocus>
            {texts.diff.apply}
          </Button>
        )}
      </Group>
    </Modal>
  );
}
