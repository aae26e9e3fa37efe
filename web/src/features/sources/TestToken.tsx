import type { Schema } from '@/api/types';
import { TestToken as Test } from '@/ui/TestToken';
import { Verdict } from './Verdict';

interface Props {
  test: (token: string) => Promise<Schema<'WorkloadSourceVerdict'>>;
}

/** What a workload's token attests here, and which agents it satisfies. */
export function TestToken({ test }: Props) {
  return (
    <Test label="Workload token" description="As the workload would send it." test={test} show={(verdict) => <Verdict verdict={verdict} />}>
      What a workload's token proves here, and to which agents.
    </Test>
  );
}
