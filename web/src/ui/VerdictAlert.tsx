import { Alert, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconShieldCheck } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { When } from './When';

interface Props {
  title: string;
  tone: 'good' | 'bad' | 'unknown';
  problem?: string | undefined;
  cause?: string | undefined;
  expiresAt?: string | null | undefined;
  children?: ReactNode;
}

const colors = { good: 'teal', bad: 'red', unknown: 'yellow' };

/** What came of a token that was tried, and why. */
export function VerdictAlert({ title, tone, problem, cause, expiresAt, children }: Props) {
  const Icon = tone === 'good' ? IconShieldCheck : IconAlertTriangle;
  return (
    <Alert color={colors[tone]} title={title} icon={<Icon aria-hidden />} c="var(--mantine-color-text)">
      <Stack gap={4}>
        {problem && <Text fz="sm">{problem}</Text>}
        {cause && (
          <Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
            {cause}
          </Text>
        )}
        {tone === 'good' && expiresAt && (
          <Text fz="sm">
            It ends <When time={expiresAt} />.
          </Text>
        )}
        {children}
      </Stack>
    </Alert>
  );
}
