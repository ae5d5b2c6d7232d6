// The last requests that a rule refused, each with a link to the rule that decided.
import { Button, Table } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../api/api.ts";
import { keysQuery } from "../api/queries.ts";
import type { Denial } from "../api/types.ts";
import { EmptyState } from "../parts/EmptyState.tsx";
import { ProblemView } from "../parts/ProblemView.tsx";
import { RowsSkeleton } from "../parts/Skeletons.tsx";
import { When } from "../parts/When.tsx";
import { texts } from "./texts.ts";

export function DenialsScreen() {
  const query = useInfiniteQuery({
    queryKey: ["denials"],
    queryFn: ({ pageParam, signal }) => api.denials.list(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  const denials = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <div className="screen">
      <div className="screen-head">
        <h1>{texts.title}</h1>
        <Button variant="default" loading={query.isRefetching} onClick={() => void query.refetch()}>
          {texts.refresh}
        </Button>
      </div>
      <p className="quiet">{texts.intro}</p>
      {query.isPending ? <RowsSkeleton rows={6} /> : null}
      {query.error ? <ProblemView error={query.error} onRetry={() => void query.refetch()} /> : null}
      {query.data && denials.length === 0 ? (
        <EmptyState
          title={texts.emptyTitle}
          body={texts.emptyBody}
          example={`curl ${location.origin}/v1/collections/posts/records`}
        />
      ) : null}
      {denials.length > 0 ? <DenialTable denials={denials} /> : null}
      {query.hasNextPage ? (
        <Button mt="md" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {texts.more}
        </Button>
      ) : null}
    </div>
  );
}

function DenialTable({ denials }: { readonly denials: readonly Denial[] }) {
  const { data: keys } = useQuery(keysQuery);
  /** A key by its name; one that is revoked, and everybody else, as the log has it. */
  const nameOf = (actor: string) => keys?.items.find(({ id }) => actor === `key:${id}`)?.name;
  return (
    <Table.ScrollContainer minWidth={520} type="native">
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.at}</Table.Th>
            <Table.Th>{texts.collection}</Table.Th>
            <Table.Th>{texts.operation}</Table.Th>
            <Table.Th className="roomy-only">{texts.actor}</Table.Th>
            <Table.Th>{texts.clause}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {denials.map((denial) => (
            <Table.Tr key={denial.id}>
              <Table.Td>
                <When at={denial.at} />
              </Table.Td>
              <Table.Td>{denial.collection}</Table.Td>
              <Table.Td>
                <Link
                  to="/collections/$name/rules"
                  params={{ name: denial.collection }}
                  search={{ rule: denial.operation }}
                  aria-label={texts.openRule(denial.operation, denial.collection)}
                >
                  {denial.operation}
                </Link>
              </Table.Td>
              <Table.Td className="roomy-only" title={denial.actor}>
                {nameOf(denial.actor) ? texts.key(nameOf(denial.actor) ?? "") : <code>{denial.actor}</code>}
              </Table.Td>
              <Table.Td>
                <code>{denial.clause}</code>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
