import { Alert } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';

/** What the server said that belongs to no field. */
export function FormProblem({ problem }: { problem: string | null }) {
  if (!problem) return null;
  return (
    <Alert color="red" icon={<IconAlertTriangle />} role="alert" style={{ overflowWrap: 'anywhere' }}>
      {problem}
    </Alert>
  );
}
