import { Button, Group, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { inUnit } from '@/lib/duration';
import { type Duration, DurationInput, secondsOf } from './DurationInput';
import { durationNote } from './duration-note';

const presets = [
  ['15 minutes', 900],
  ['1 hour', 3600],
  ['8 hours', 28_800],
] as const;

/** The longest life of one token, with presets and a nudge towards short. */
export function DurationField({
  value,
  onChange,
  error,
  maximum,
  plain = 'Of one token. Use the shortest window that fits; the agent renews by itself for as long as the delegation stands.',
}: {
  value: Duration;
  onChange: (value: Duration) => void;
  error?: ReactNode;
  /** The server's cap of a token's life; unknown while it loads. */
  maximum: number | undefined;
  /** What to say of a duration that is neither too long nor capped. */
  plain?: string;
}) {
  const note = durationNote(secondsOf(value), maximum);
  return (
    <Stack gap="xs">
      <DurationInput label="Maximum Duration" required value={value} onChange={onChange} error={error} />
      <Group gap="xs">
        {presets.map(([label, seconds]) => (
          <Button
            key={label}
            size="compact-sm"
            variant="default"
            aria-pressed={secondsOf(value) === seconds}
            onClick={() => onChange(inUnit(seconds))}
          >
            {label}
          </Button>
        ))}
      </Group>
      <Text fz="sm" c="dimmed" role="status">
        {note ?? plain}
      </Text>
    </Stack>
  );
}
