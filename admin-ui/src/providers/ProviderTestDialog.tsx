// What a provider says of how it is set up, check by check.
import { Button, Group, Loader, Modal } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconHelpCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { api } from "../api/api.ts";
import type { ProviderTest } from "../api/types.ts";
import { ProblemView } from "../parts/ProblemView.tsx";
import { useLayer } from "../parts/useLayer.ts";
import { texts } from "./texts.ts";

const words = texts.testing;
const signs = {
  right: { Icon: IconCircleCheck, tone: "good" },
  wrong: { Icon: IconCircleX, tone: "loss" },
  unknown: { Icon: IconHelpCircle, tone: "quiet" },
} as const;

interface ProviderTestDialogProps {
  readonly collection: string;
  readonly name: string;
  readonly onClose: () => void;
}

export function ProviderTestDialog({ collection, name, onClose }: ProviderTestDialogProps) {
  const test = useQuery({
    queryKey: ["providerTest", collection, name],
    queryFn: () => api.providers.test(collection, name),
    // Each opening asks anew: what was wrong a moment ago may be mended.
    gcTime: 0,
    staleTime: 0,
    retry: false,
  });
  useLayer(onClose);
  return (
    <Modal opened onClose={onClose} title={words.title(name)}>
      <div aria-live="polite">
        {test.isFetching ? (
          <Group gap="sm">
            <Loader size="xs" aria-hidden />
            <span>{words.running}</span>
          </Group>
        ) : test.error ? (
          <ProblemView error={test.error} />
        ) : test.data ? (
          <Findings test={test.data} />
        ) : null}
      </div>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" loading={test.isFetching} onClick={() => void test.refetch()}>
          {words.again}
        </Button>
      </Group>
    </Modal>
  );
}

function Findings({ test }: { readonly test: ProviderTest }) {
  return (
    <>
      <p>
        <strong>{test.ok ? words.ok : words.notOk}</strong>
      </p>
      <ul className="provider-checks">
        {test.checks.map(({ name, verdict, says }) => {
          const { Icon, tone } = signs[verdict];
          return (
            <li key={name}>
              <Icon size={18} className={tone} aria-hidden />
              <div>
                <strong>{words.checks[name]}</strong>: <span className={tone}>{words.verdicts[verdict]}</span>
                <p className="quiet broken">{says}</p>
              </div>
            </li>
          );
        })}
      </ul>
    </>
  );
}
