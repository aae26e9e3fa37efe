import { Button, Checkbox, Fieldset, Group, ScrollArea, Stack, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { type ReactNode, useId, useState } from 'react';
import { resourceOf } from '@/lib/text';
import { Sensitive } from './badges';

export interface PickableAction {
  name: string;
  description: string;
  sensitive: boolean;
}

interface Props {
  /** The group's label: "Allowed Actions". */
  label: string;
  description?: ReactNode;
  actions: readonly PickableAction[];
  value: readonly string[];
  onChange: (names: string[]) => void;
  error?: ReactNode;
  disabled?: boolean;
}

/** What can be ticked: what is offered, and what was chosen before it ceased to be, which can only be taken away. */
function tickable(actions: readonly PickableAction[], value: readonly string[]): PickableAction[] {
  const offered = new Set(actions.map((a) => a.name));
  const gone = value.filter((name) => !offered.has(name));
  return [...actions, ...gone.map((name) => ({ name, description: 'No longer among those to choose from: untick it.', sensitive: false }))];
}

function byResource(actions: readonly PickableAction[]): Map<string, PickableAction[]> {
  const groups = new Map<string, PickableAction[]>();
  for (const action of actions) {
    const group = groups.get(resourceOf(action.name));
    if (group) group.push(action);
    else groups.set(resourceOf(action.name), [action]);
  }
  return groups;
}

/** Actions by resource, with search and Select All (of those the search shows). */
export function ActionsPicker({ label, description, actions, value, onChange, error, disabled = false }: Props) {
  const [q, setQ] = useState('');
  const errorId = useId();
  const needle = q.trim().toLowerCase();
  const all = tickable(actions, value);
  const shown = all.filter((a) => `${a.name} ${a.description}`.toLowerCase().includes(needle));
  const groups = byResource(shown);
  const chosen = new Set(value);
  const chosenShown = shown.filter((a) => chosen.has(a.name)).length;
  const allChosen = shown.length > 0 && chosenShown === shown.length;

  const set = (names: readonly string[], on: boolean) => {
    const next = new Set(value);
    for (const name of names) {
      if (on) next.add(name);
      else next.delete(name);
    }
    onChange([...next].sort());
  };

  return (
    <Fieldset
      legend={label}
      disabled={disabled}
      aria-describedby={error ? errorId : undefined}
      aria-invalid={error ? true : undefined}
      tabIndex={error ? -1 : undefined}
    >
      <Stack gap="sm">
        {description && (
          <Text fz="sm" c="dimmed">
            {description}
          </Text>
        )}
        <Group gap="sm" align="flex-end">
          <TextInput
            label="Search actions"
            value={q}
            maxLength={128}
            onChange={(e) => setQ(e.currentTarget.value)}
            // Enter here searches; it must not save the form around.
            onKeyDown={(e) => e.key === 'Enter' && e.preventDefault()}
            leftSection={<IconSearch size={16} aria-hidden />}
            style={{ flex: '1 1 200px' }}
          />
          <Checkbox
            label="Select All"
            checked={allChosen}
            indeterminate={!allChosen && chosenShown > 0}
            onChange={() =>
              set(
                shown.map((a) => a.name),
                !allChosen,
              )
            }
            disabled={shown.length === 0}
            pb={8}
          />
        </Group>
        <ScrollArea.Autosize mah={320} type="auto" viewportProps={{ tabIndex: 0, role: 'group', 'aria-label': label }}>
          <Stack gap="md" p={2}>
            {[...groups].map(([resource, members]) => (
              <Stack key={resource} gap={6}>
                <Group gap="xs" justify="space-between">
                  <Text fz="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
                    {resource}
                  </Text>
                  {members.length > 1 && (
                    <Button
                      variant="subtle"
                      size="compact-xs"
                      onClick={() =>
                        set(
                          members.map((a) => a.name),
                          !members.every((a) => chosen.has(a.name)),
                        )
                      }
                      aria-label={`${members.every((a) => chosen.has(a.name)) ? 'Clear' : 'Select all of'} ${resource}`}
                    >
                      {members.every((a) => chosen.has(a.name)) ? 'Clear' : 'All'}
                    </Button>
                  )}
                </Group>
                {members.map((a) => (
                  <Checkbox
                    key={a.name}
                    checked={chosen.has(a.name)}
                    onChange={(e) => set([a.name], e.currentTarget.checked)}
                    label={
                      <Group component="span" gap="xs">
                        <Text span inherit style={{ overflowWrap: 'anywhere' }}>
                          {a.name}
                        </Text>
                        {a.sensitive && <Sensitive />}
                      </Group>
                    }
                    description={a.description || undefined}
                  />
                ))}
              </Stack>
            ))}
            {shown.length === 0 && (
              <Text fz="sm" c="dimmed">
                {all.length === 0 ? 'There are no actions to choose from.' : 'No action matches.'}
              </Text>
            )}
          </Stack>
        </ScrollArea.Autosize>
        <Text fz="sm" c="dimmed" role="status">
          {value.length} of {all.length} chosen
        </Text>
        {error && (
          <Text fz="sm" c="var(--mantine-color-error)" id={errorId} role="alert">
            {error}
          </Text>
        )}
      </Stack>
    </Fieldset>
  );
}
