import { ActionIcon, Box, Button, Group, ScrollArea, Skeleton, Table, Text, VisuallyHidden } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useState } from 'react';
import type { List } from '@/api/list';
import classes from './ListTable.module.css';
import { type Row, rowsOf } from './list-rows';
import { FailureAlert, LoadingDots } from './states';
import { useTop } from './use-top';

export interface Column<Item> {
  /** The column's heading. */
  header: string;
  cell: (item: Item) => ReactNode;
  /** CSS width; columns without one share the rest. */
  width?: number | string;
  /** Gives way when there is little room: its text is cut off then. `width` is a share. */
  yields?: boolean;
  /** Left out on narrow screens. */
  optional?: boolean;
}

interface Props<Item> {
  /** Names the table for screen readers. */
  label: string;
  list: List<Item>;
  columns: Column<Item>[];
  keyOf: (item: Item) => string;
  /** Shown when there is nothing at all. */
  empty: ReactNode;
  /** Details that open under a row; `name` is what the row is called. */
  details?: { render: (item: Item) => ReactNode; name: (item: Item) => string };
  /** This row is marked, as something that just came about. */
  highlight?: string | undefined;
}

/** Longer lists keep only the rows near the screen in the document. */
const windowed = 100;
/** Until they are measured. */
const heightOf = (row: Row | undefined) => (row?.details ? 240 : 45);

/** A list of the API as a table: loading, empty and failed states, further pages, open rows. */
export function ListTable<Item>({ label, list, columns, keyOf, empty, details, highlight }: Props<Item>) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [body, top] = useTop<HTMLTableSectionElement>();
  const rows = rowsOf(list.items.map(keyOf), open);
  const virtual = list.items.length > windowed;
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: (at) => heightOf(rows[at]),
    overscan: 12,
    scrollMargin: top,
    enabled: virtual,
    getItemKey: (at) => rows[at]?.key ?? at,
  });

  if (list.failure && list.items.length === 0)
    return <FailureAlert failure={list.failure} retry={list.retry} title="This list could not be loaded" />;
  // That nothing fitted the question before says nothing about this one.
  const waiting = list.loading || (list.outdated && list.items.length === 0);
  if (!waiting && list.items.length === 0) return empty;

  const toggle = (key: string) =>
    setOpen((before) => {
      const after = new Set(before);
      if (!after.delete(key)) after.add(key);
      return after;
    });
  const shown = virtual ? virtualizer.getVirtualItems() : rows.map((_, index) => ({ index, start: 0, end: 0 }));
  const before = virtual ? (shown[0]?.start ?? top) - top : 0;
  const after = virtual ? virtualizer.getTotalSize() - ((shown.at(-1)?.end ?? top) - top) : 0;
  const span = columns.length + (details ? 1 : 0);

  return (
    <Box aria-busy={list.outdated || undefined} className={list.outdated ? classes.outdated : undefined}>
      <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': label }}>
        <Table
          aria-label={label}
          aria-rowcount={list.hasMore ? -1 : list.items.length + 1}
          highlightOnHover
          className={classes.table}
          verticalSpacing="xs"
        >
          <Head columns={columns} details={details !== undefined} />
          <Table.Tbody ref={body}>
            {waiting && <Placeholder rows={6} columns={span} />}
            <Spacer height={before} span={span} />
            {shown.map(({ index: at }) => {
              const row = rows[at] as Row;
              const item = list.items[row.index] as Item;
              const measured = { 'data-index': at, ref: virtual ? virtualizer.measureElement : undefined };
              if (row.details) {
                return (
                  <Table.Tr key={row.key} {...measured}>
                    <Table.Td colSpan={span} className={classes.details}>
                      {details?.render(item)}
                    </Table.Td>
                  </Table.Tr>
                );
              }
              const isOpen = open.has(row.key);
              const marked = row.key === highlight;
              return (
                <Table.Tr
                  key={row.key}
                  {...measured}
                  aria-rowindex={row.index + 2}
                  className={marked ? classes.highlight : undefined}
                  data-highlight={marked || undefined}
                >
                  {details && (
                    <Table.Td>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        size="sm"
                        onClick={() => toggle(row.key)}
                        aria-expanded={isOpen}
                        aria-label={`Details of ${details.name(item)}`}
                      >
                        {isOpen ? <IconChevronDown size={16} /> : <IconChevronRight size={16} />}
                      </ActionIcon>
                    </Table.Td>
                  )}
                  {columns.map((c) => (
                    <Table.Td key={c.header} className={classesOf(c)}>
                      {c.cell(item)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              );
            })}
            <Spacer height={after} span={span} />
          </Table.Tbody>
        </Table>
      </ScrollArea>
      {list.failure && <FailureAlert failure={list.failure} retry={list.retry} title="The list could not be renewed" />}
      {list.loadingMore && <LoadingDots />}
      {!waiting && <Amount list={list} />}
    </Box>
  );
}

type Looks = Omit<Column<never>, 'cell'>;

const classesOf = ({ optional, yields }: Looks) => [optional && classes.optional, yields && classes.yields].filter(Boolean).join(' ');

function Head({ columns, details }: { columns: readonly Looks[]; details: boolean }) {
  return (
    <Table.Thead>
      <Table.Tr>
        {details && (
          <Table.Th w={44}>
            <VisuallyHidden>Details</VisuallyHidden>
          </Table.Th>
        )}
        {columns.map((c) => (
          <Table.Th key={c.header} w={c.width} miw={c.yields ? undefined : c.width} className={classesOf(c)}>
            {c.header}
          </Table.Th>
        ))}
      </Table.Tr>
    </Table.Thead>
  );
}

/** How much there is, and more of it. */
function Amount({ list }: { list: List<unknown> }) {
  return (
    <Group justify="space-between" py="sm" px="xs">
      <Text fz="sm" c="dimmed" role="status">
        {list.items.length.toLocaleString()}
        {list.hasMore ? ' shown, there are more' : ' in all'}
      </Text>
      {list.hasMore && (
        <Button variant="default" size="xs" onClick={list.loadMore} loading={list.loadingMore} disabled={list.outdated}>
          Load more
        </Button>
      )}
    </Group>
  );
}

/** In place of the rows that are not in the document. */
function Spacer({ height, span }: { height: number; span: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden>
      <td colSpan={span} style={{ height, padding: 0 }} />
    </tr>
  );
}

function Placeholder({ rows, columns }: { rows: number; columns: number }) {
  return Array.from({ length: rows }, (_, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: all alike
    <Table.Tr key={i} aria-hidden>
      <Table.Td colSpan={columns}>
        <Skeleton height={22} width={`${90 - ((i * 13) % 30)}%`} />
      </Table.Td>
    </Table.Tr>
  ));
}
