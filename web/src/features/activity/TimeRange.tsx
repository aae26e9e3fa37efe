import '@mantine/dates/styles.css';
import { Button, Group } from '@mantine/core';
import { DateTimePicker } from '@mantine/dates';
import { useId } from 'react';
import { instantOf, localOf } from './local-time';
import { type ActivitySearch, presets, since } from './search';

interface Props {
  from: string | undefined;
  to: string | undefined;
  onChange: (range: Pick<ActivitySearch, 'from' | 'to'>) => void;
}

/** From and to, in the reader's own time zone. */
export function TimeRange({ from, to, onChange }: Props) {
  return (
    <>
      <Instant label="From" value={from} max={to} onChange={(next) => onChange({ from: next, to })} />
      <Instant label="To" value={to} min={from} onChange={(next) => onChange({ from, to: next })} />
      <Group gap={4} role="group" aria-label="Time range">
        {presets.map(({ label, hours }) => (
          <Button
            key={hours}
            variant="default"
            size="sm"
            px="sm"
            onClick={() => onChange({ from: since(hours, new Date()), to: undefined })}
          >
            {label}
          </Button>
        ))}
      </Group>
    </>
  );
}

function Instant({
  label,
  value,
  min,
  max,
  onChange,
}: {
  label: string;
  value: string | undefined;
  min?: string | undefined;
  max?: string | undefined;
  onChange: (next: string | undefined) => void;
}) {
  const id = useId();
  return (
    <DateTimePicker
      // One ID for both, because the dialog is named by it.
      id={id}
      popoverProps={{ id }}
      label={label}
      placeholder="Any time"
      value={localOf(value)}
      onChange={(next) => onChange(instantOf(next))}
      {...(min ? { minDate: localOf(min) ?? undefined } : {})}
      {...(max ? { maxDate: localOf(max) ?? undefined } : {})}
      valueFormat="YYYY-MM-DD HH:mm"
      clearable
      hideOutsideDates
      // Red days are too faint, and mean nothing here.
      weekendDays={[]}
      clearButtonProps={{ 'aria-label': `Clear ${label}` }}
      timePickerProps={{ hoursInputLabel: 'Hours', minutesInputLabel: 'Minutes', 'aria-label': 'Time of day' }}
      submitButtonProps={{ 'aria-label': 'Done' }}
      ariaLabels={{
        previousMonth: 'Previous month',
        nextMonth: 'Next month',
        previousYear: 'Previous year',
        nextYear: 'Next year',
        previousDecade: 'Previous decade',
        nextDecade: 'Next decade',
        monthLevelControl: 'Change month',
        yearLevelControl: 'Change year',
      }}
      w={190}
    />
  );
}
