// @vitest-environment node
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import type { Agent } from '@/api/types';
import { goTemplate, shell, yaml } from './quoting';
import { clusterSpiffeId, exportLines, hasSpire, kubernetesManifest, pythonSnippet, resourceName, spireEntry } from './snippets';

const agent: Agent = {
  client_id: '0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e',
  name: 'Customer Support',
  type: 'langchain',
  type_label: 'Langchain AI agent',
  platform: 'kubernetes',
  selectors: [
    { key: 'k8s:ns', value: 'production' },
    { key: 'k8s:sa', value: 'customer-support-sa' },
    { key: 'k8s:pod-label:app', value: 'customer-support' },
    { key: 'k8s:container-name', value: 'agent' },
  ],
  attestation: 'required',
  attestation_chosen: false,
  status: 'active',
  spiffe_id: 'spiffe://authsec.local/agent/0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e',
  created_at: '2026-03-01T12:00:00Z',
  updated_at: '2026-03-01T12:00:00Z',
  last_token_at: null,
  default_delegation_id: null,
};
const server = { public_url: 'https://authsec.example.com' };
const vectors = `${import.meta.dirname}/../../../../testdata/vectors/spire-entry`;

/** The manifest of the agent above, or with other values. */
const deployment = ({
  namespace = 'production',
  account = 'customer-support-sa',
  label = 'customer-support',
  container = 'agent',
  image = 'registry.example.com/agent:1.0',
}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'customer-support', namespace },
  spec: {
    selector: { matchLabels: { app: label } },
    template: {
      metadata: { labels: { app: label } },
      spec: {
        serviceAccountName: account,
        containers: [
          {
            name: container,
            image,
            env: [
              { name: 'AUTHSEC_BASE_URL', value: 'https://authsec.example.com' },
              { name: 'AUTHSEC_AGENT_CLIENT_ID', value: '0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e' },
              { name: 'AUTHSEC_WORKLOAD_TOKEN_FILE', value: '/var/run/secrets/authsec/token' },
            ],
            volumeMounts: [{ name: 'authsec-token', mountPath: '/var/run/secrets/authsec', readOnly: true }],
          },
        ],
        volumes: [
          {
            name: 'authsec-token',
            projected: {
              sources: [{ serviceAccountToken: { path: 'token', audience: 'https://authsec.example.com', expirationSeconds: 3600 } }],
            },
          },
        ],
      },
    },
  },
});

const hostile = [
  "'; rm -rf ~ #",
  '$(id)`id`',
  'a\nb: c',
  '"quoted" \\',
  '{{ .TrustDomain }}',
  '& * ! | > % @',
  '😀\u2028\u0085',
  '- yes',
  'yes',
  '0x10',
  '2026-03-01',
  '# no comment',
  '\u0000\u001b[31m\ufeff',
  '',
];

/** The document as Kubernetes reads it: with both the rules of YAML 1.1 and those of 1.2. */
function parsed(text: string) {
  const [old, now] = (['1.1', '1.2'] as const).map((version) => {
    const document = parseDocument(text, { version, strict: true, uniqueKeys: true });
    expect([...document.errors, ...document.warnings]).toEqual([]);
    return document.toJS();
  });
  expect(old).toEqual(now);
  return now;
}

/** What a shell makes of a line of words. */
const words = (line: string) =>
  execFileSync('/bin/sh', ['-c', `for w in ${line}; do printf '%s\\0' "$w"; done`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);

describe('quoting', () => {
  it('gives a shell every text as one word', () => {
    const typable = hostile.filter((text) => !text.includes('\0'));
    expect(words(typable.map(shell).join(' '))).toEqual(typable);
  });

  it('keeps every text inside one YAML scalar on one line', () => {
    for (const text of hostile) {
      expect(parsed(`a: ${yaml(text)}\nb: 1`)).toEqual({ a: text, b: 1 });
      expect(parsed(`${yaml(`k${text}`)}: 1`)).toEqual({ [`k${text}`]: 1 });
      expect(yaml(text)).not.toMatch(/[\n\r\u0085\u2028\u2029]/);
    }
  });

  it('leaves no action for a Go template', () => {
    expect(goTemplate('{{ .TrustDomain }}')).toBe('{{ "{{" }} .TrustDomain }}');
    expect(goTemplate('plain')).toBe('plain');
  });
});

describe('set-up of an agent', () => {
  it('exports what the guide exports', () => {
    expect(exportLines(agent, server)).toBe(
      "export AUTHSEC_BASE_URL='https://authsec.example.com'\nexport AUTHSEC_AGENT_CLIENT_ID='0198c1f2-7a10-7c3e-9b1d-2f4a5b6c7d8e'",
    );
    expect(exportLines({ ...agent, platform: 'other' }, server)).toContain('AUTHSEC_CLIENT_SECRET_FILE');
  });

  it('has the guide’s Python, or from_env for a client secret', () => {
    expect(pythonSnippet(agent)).toContain('client_id=os.environ["AUTHSEC_AGENT_CLIENT_ID"]');
    expect(pythonSnippet({ ...agent, platform: 'other' })).toContain('AuthsecConfig.from_env()');
  });

  it('makes pods that have the selectors, and a token for this server alone', () => {
    expect(parsed(kubernetesManifest(agent, server))).toEqual(deployment({}));
  });

  it('is the same manifest whatever the values are', () => {
    for (const value of hostile) {
      const selectors = [...agent.selectors.map((s) => ({ ...s, value })), { key: 'k8s:container-image', value }];
      const odd = { ...agent, name: value, selectors };
      const expected = deployment({ namespace: value, account: value, label: value, container: value, image: value });
      expect(parsed(kubernetesManifest(odd, server))).toEqual({ ...expected, metadata: { name: resourceName(value), namespace: value } });
    }
  });

  it('says before the manifest what a Deployment cannot give, and what to do', () => {
    for (const value of hostile) {
      const selectors = [...agent.selectors, { key: 'k8s:pod-name', value }, { key: 'k8s:pod-uid', value }];
      const manifest = kubernetesManifest({ ...agent, selectors }, server);
      expect(parsed(manifest)).toEqual(deployment({}));
      expect(manifest).toContain(`# Its selector k8s:pod-name is ${yaml(value)}`);
      expect(manifest).toContain('StatefulSet');
      expect(manifest).toContain(`# Its selector k8s:pod-uid is ${yaml(value)}`);
    }
    expect(kubernetesManifest(agent, server)).not.toContain('#');
  });

  /*
   * The entry, which `authsec agent spire-entry <client_id>` prints too: one flag to a line, joined by a backslash, in
   * this order: -spiffeID, -parentID (from the environment, so that an unset one stops the command), then a -selector
   * for each selector of the agent, in its order, as key:value (docker:env: NAME=value). Values in single quotes.
   */
  it('speaks SPIRE’s notation', () => {
    expect(spireEntry(agent)).toBe(
      [
        'spire-server entry create',
        `  -spiffeID '${agent.spiffe_id}'`,
        `  -parentID "\${SPIRE_PARENT_ID:?the SPIFFE ID of the node's SPIRE agent}"`,
        "  -selector 'k8s:ns:production'",
        "  -selector 'k8s:sa:customer-support-sa'",
        "  -selector 'k8s:pod-label:app:customer-support'",
        "  -selector 'k8s:container-name:agent'",
      ].join(' \\\n'),
    );
    expect(spireEntry({ ...agent, selectors: [{ key: 'docker:env:STAGE', value: 'live' }] })).toContain("'docker:env:STAGE=live'");
    expect([hasSpire(agent), hasSpire({ ...agent, platform: 'github' })]).toEqual([true, false]);
  });

  // The server's own `authsec agent spire-entry` is held to the same files.
  it.each(readdirSync(vectors))('prints what the command line prints: %s', (file) => {
    const { agent: of, spiffe_id, entry_command, cluster_spiffeid } = JSON.parse(readFileSync(`${vectors}/${file}`, 'utf8'));
    expect(spireEntry({ ...agent, ...of, spiffe_id })).toBe(entry_command);
    if (cluster_spiffeid) expect(clusterSpiffeId({ ...agent, ...of, spiffe_id })).toBe(cluster_spiffeid);
  });

  it('hands SPIRE each value as one word, whatever it is', () => {
    for (const value of hostile.filter((v) => !v.includes('\0'))) {
      const odd = { ...agent, name: value, selectors: agent.selectors.map((s) => ({ ...s, value })) };
      const line = spireEntry(odd).replace('spire-server entry create', 'create');
      const said = execFileSync('/bin/sh', ['-c', `create() { printf '%s\\0' "$@"; }\n${line}`], {
        encoding: 'utf8',
        env: { SPIRE_PARENT_ID: 'parent' },
      }).split('\0');
      expect(said.slice(0, -1)).toEqual([
        '-spiffeID',
        agent.spiffe_id,
        '-parentID',
        'parent',
        ...odd.selectors.flatMap((s) => ['-selector', `${s.key}:${value}`]),
      ]);
    }
  });

  it('makes a ClusterSPIFFEID of the same selectors, whatever the values are', () => {
    for (const value of ['production', ...hostile]) {
      const odd = { ...agent, selectors: agent.selectors.map((s) => ({ ...s, value })) };
      expect(parsed(clusterSpiffeId(odd))).toEqual({
        apiVersion: 'spire.spiffe.io/v1alpha1',
        kind: 'ClusterSPIFFEID',
        metadata: { name: 'customer-support-2f4a5b6c7d8e' },
        spec: {
          spiffeIDTemplate: agent.spiffe_id,
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': value } },
          podSelector: { matchLabels: { app: value } },
          workloadSelectorTemplates: agent.selectors.map((s) => goTemplate(`${s.key}:${value}`)),
        },
      });
    }
  });

  it('keeps agents apart whose names come out alike, since a ClusterSPIFFEID is one per cluster', () => {
    const nameOf = (client_id: string) => parsed(clusterSpiffeId({ ...agent, name: '日本', client_id })).metadata.name;
    expect(nameOf(agent.client_id)).not.toBe(nameOf('0198c1f2-7a10-7c3e-9b1d-000000000000'));
    expect(parsed(clusterSpiffeId({ ...agent, name: 'x'.repeat(256) })).metadata.name).toHaveLength(63);
  });

  it('names resources as Kubernetes takes them', () => {
    expect(['Customer Support', '--é--', 'x'.repeat(300)].map(resourceName)).toEqual(['customer-support', 'agent', 'x'.repeat(63)]);
  });
});
