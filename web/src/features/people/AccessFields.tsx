import { MultiSelect, Select } from '@mantine/core';
import type { ReactNode } from 'react';
import { useAll } from '@/api/all';
import { failureText } from '@/api/problem';
import type { Schema } from '@/api/types';
import { levelHelp, levels } from './levels';

interface LevelProps {
  value: Schema<'Level'>;
  onChange: (level: Schema<'Level'>) => void;
  error?: ReactNode;
}

export function LevelField({ value, onChange, error }: LevelProps) {
  return (
    <Select
      label="Level"
      description={levelHelp[value]}
      required
      allowDeselect={false}
      data={[...levels]}
      value={value}
      onChange={(v) => v && onChange(v as Schema<'Level'>)}
      error={error}
    />
  );
}

interface RolesProps {
  value: string[];
  onChange: (roles: string[]) => void;
  error?: ReactNode;
}

export function RolesField({ value, onChange, error }: RolesProps) {
  const roles = useAll('/roles');
  return (
    <MultiSelect
      label="Roles"
      description="What they hold, and may lend to agents."
      placeholder={value.length === 0 ? 'None' : ''}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Clear Roles' }}
      data={[...new Set([...(roles.data ?? []).map((role) => role.name), ...value])]}
      nothingFoundMessage={roles.data?.length === 0 ? 'There are no roles yet. Create one under Roles.' : 'No role matches.'}
      value={value}
      onChange={onChange}
      error={error ?? (roles.error ? `The roles could not be loaded. ${failureText(roles.error)}` : undefined)}
    />
  );
}
