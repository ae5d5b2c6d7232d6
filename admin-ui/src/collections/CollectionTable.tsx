// Collections in a table: how many records, who may list them, when they changed.
import { Badge, Button, Table, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api } from "../api/api.ts";
import type { Collection } from "../api/types.ts";
import { count } from "../parts/time.ts";
import { When } from "../parts/When.tsx";
import { isPublic } from "./starting-rules.ts";
import { texts } from "./texts.ts";

const words = texts.list;

export function CollectionTable({ collections }: { readonly collections: readonly Collection[] }) {
  return (
    <Table.ScrollContainer minWidth={300} type="native">
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{words.name}</Table.Th>
            <Table.Th ta="right">{words.records}</Table.Th>
            <Table.Th ta="right" className="roomy-only">
              {words.fields}
            </Table.Th>
            <Table.Th>{words.access}</Table.Th>
            <Table.Th className="roomy-only">{words.changed}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {collections.map((collection) => (
            <Table.Tr key={collection.name}>
              <Table.Td className="breaks">
                <Link to="/collections/$name/records" params={{ name: collection.name }}>
                  {collection.name}
                </Link>
              </Table.Td>
              <Table.Td ta="right" className="num">
                <Size collection={collection} />
              </Table.Td>
              <Table.Td ta="right" className="num roomy-only">
                {collection.fields.length}
              </Table.Td>
              <Table.Td>
                <Audience rule={collection.rules.list} />
              </Table.Td>
              <Table.Td className="roomy-only">
                {collection.updatedAt ? <When at={collection.updatedAt} /> : null}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** The server's estimate where it gives one; else the exact number, counted when asked for. */
function Size({ collection }: { readonly collection: Collection }) {
  const { name, estimatedCount: estimate } = collection;
  const exact = useQuery({
    queryKey: ["records", name, "count"],
    queryFn: ({ signal }) => api.records.list(name, { limit: 1, count: "exact" }, signal),
    enabled: false,
  });
  if (exact.data?.count !== undefined) return count(exact.data.count);
  if (estimate === undefined) {
    return (
      <Button
        size="compact-xs"
        variant="subtle"
        mr={-7}
        loading={exact.isFetching}
        aria-label={words.countOf(name)}
        onClick={() => void exact.refetch()}
      >
        {words.count}
      </Button>
    );
  }
  return (
    <Tooltip label={words.estimateWhy}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the explanation shows on focus too */}
      <span tabIndex={0}>{words.estimate(estimate)}</span>
    </Tooltip>
  );
}

function Audience({ rule }: { readonly rule: string | null | undefined }) {
  if (rule === undefined || rule === null) return <span className="quiet">{words.adminsOnly}</span>;
  if (rule.trim() === "true")
    return (
      <Badge color="yellow" variant="outline" tt="none" miw="max-content" className="amber">
        {words.everyone}
      </Badge>
    );
  return <span>{isPublic(rule) ? words.everyoneSome : words.rule}</span>;
}
