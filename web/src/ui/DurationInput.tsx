import { Group, NumberInput, Select } from '@mantine/core';
import type { ReactNode } from 'react';
import { secondsPer, type Unit, units } from '@/lib/duration';

export interface Duration {
  count: number | string;
  unit: Unit;
}

/** Whole seconds, or null while the number is not one. */
export const secondsOf = ({ count, unit }: Duration): number | null =>
  typeof count === 'number' && Number.isFinite(count) ? Math.round(count * secondsPer(unit)) : null;

interface Props {
  /** "Maximum Duration" */
  label: string;
  description?: ReactNode;
  value: Duration;
  onChange: (value: Duration) => void;
  error?: ReactNode;
  required?: boolean;
}

/** A number and its unit. Seconds are offered only where the duration is stated in them. */
export function DurationInput({ label, description, value, onChange, error, required = false }: Props) {
  return (
    <Group gap="sm" align="flex-start" wrap="nowrap" maw={420}>
      <NumberInput
        label={label}
        description={description}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        value={value.count}
        onChange={(count) => onChange({ ...value, count })}
        min={1}
        allowDecimal={false}
        allowNegative={false}
        clampBehavior="none"
        hideControls
        error={error}
        required={required}
        style={{ flex: 1 }}
      />
      <Select
        label="Unit"
        data={units
          .filter((u) => u.value !== 'seconds' || value.unit === 'seconds')
          .map((u) => ({ value: u.value, label: value.count === 1 ? u.one : u.many }))}
        value={value.unit}
        onChange={(unit) => unit && onChange({ ...value, unit: unit as Unit })}
        allowDeselect={false}
        w={130}
      />
    </Group>
  );
}
