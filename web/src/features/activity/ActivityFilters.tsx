import { Autocomplete, Button, Pill, Stack, Text } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import { AgentFilter } from '@/ui/AgentFilter';
import { Filter, Filters, Search } from '@/ui/filters';
import { knownActions } from './actions';
import { type ActivitySearch, type Change, isFiltered, noFilters } from './search';
import { TimeRange } from './TimeRange';

export function ActivityFilters({ search, setSearch }: { search: ActivitySearch; setSearch: Change }) {
  return (
    <Stack gap="sm">
      <Filters>
        <Search value={search.q} onChange={(q) => setSearch({ q })} placeholder="Names, reasons, details" />
        <Search label="Actor" value={search.actor} onChange={(actor) => setSearch({ actor })} placeholder="Email, ID or name" />
        <AgentFilter value={search.agent} onChange={(agent) => setSearch({ agent })} />
        <ActionFilter value={search.action} onChange={(action) => setSearch({ action })} />
        <Filter
          label="Outcome"
          value={search.outcome}
          onChange={(outcome) => setSearch({ outcome })}
          choices={[
            { value: 'success', label: 'Success' },
            { value: 'refused', label: 'Refused' },
          ]}
        />
        <TimeRange from={search.from} to={search.to} onChange={setSearch} />
        {isFiltered(search) && (
          <Button variant="subtle" onClick={() => setSearch(noFilters)}>
            Clear filters
          </Button>
        )}
      </Filters>
      {search.delegation_id && (
        <Text fz="sm" component="div">
          Only delegation{' '}
          <Pill
            withRemoveButton
            onRemove={() => setSearch({ delegation_id: undefined })}
            removeButtonProps={{ 'aria-label': 'Show all delegations', tabIndex: 0, 'aria-hidden': false }}
          >
            {search.delegation_id}
          </Pill>
        </Text>
      )}
    </Stack>
  );
}

/** The server compares whole actions, so the list is asked only once typing pauses. */
function ActionFilter({ value, onChange }: { value: string | undefined; onChange: (action: string | undefined) => void }) {
  const [text, setText] = useState(value ?? '');
  const reported = useRef(value);
  const report = useDebouncedCallback((action: string) => {
    reported.current = action.trim() || undefined;
    onChange(reported.current);
  }, 400);
  useEffect(() => {
    // What comes back of one's own typing must not undo what was typed since.
    if (value === reported.current) return;
    reported.current = value;
    report.cancel();
    setText(value ?? '');
  }, [value, report]);
  return (
    <Autocomplete
      label="Action"
      placeholder="Any"
      data={knownActions}
      value={text}
      onChange={(action) => {
        setText(action);
        report(action);
      }}
      maxLength={128}
      clearable
      clearButtonProps={{ 'aria-label': 'Clear Action' }}
      limit={50}
      w={200}
    />
  );
}
