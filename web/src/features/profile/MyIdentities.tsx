import { useWhole } from '@/api/list';
import { Identities } from '@/ui/Identities';
import { Section } from '@/ui/states';

/** As whom the reader is known at identity providers. */
export function MyIdentities() {
  return (
    <Section title="Linked identities">
      <Identities
        label="Linked identities"
        list={useWhole('/me/identities')}
        none="You sign in with your password. An administrator can link you to an identity provider."
      />
    </Section>
  );
}
