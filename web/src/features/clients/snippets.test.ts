// @vitest-environment node
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
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

const hostile = [
  "'; rm -rf ~ #",
  '$(id)`id`',
  'a\nb: c',
  '"quoted" \\',
  '{{ .TrustDomain }}',
  '& * ! | > % @',
  '😀\u2028\u0085',
  '- yes',
  '',
];

/** What a shell makes of a line of words. */
const words = (line: string) =>
  execFileSync('/bin/sh', ['-c', `for w in ${line}; do printf '%s\\0' "$w"; done`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);

describe('quoting', () => {
  it('gives a shell every text as one word', () => {
    expect(words(hostile.map(shell).join(' '))).toEqual(hostile);
  });

  it('keeps every text inside one YAML scalar on one line', () => {
    for (const text of hostile) {
      // A YAML double-quoted scalar of JSON's escapes reads as JSON.
      expect(JSON.parse(yaml(text))).toBe(text);
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
    const manifest = kubernetesManifest(agent, server);
    for (const line of [
      '  namespace: "production"',
      '      serviceAccountName: "customer-support-sa"',
      '        "app": "customer-support"',
      '        - name: "agent"',
      '                  audience: "https://authsec.example.com"',
    ])
      expect(manifest.split('\n')).toContain(line);
  });

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
    expect(clusterSpiffeId(agent)).toContain('    - "k8s:pod-label:app:customer-support"');
    expect([hasSpire(agent), hasSpire({ ...agent, platform: 'github' })]).toEqual([true, false]);
  });

  it('is whole whatever the values are', () => {
    for (const value of hostile) {
      const odd = { ...agent, name: value, selectors: agent.selectors.map((s) => ({ ...s, value })) };
      expect(kubernetesManifest(odd, server).split('\n')).toHaveLength(kubernetesManifest(agent, server).split('\n').length);
      expect(clusterSpiffeId(odd).split('\n')).toHaveLength(clusterSpiffeId(agent).split('\n').length);
      const line = spireEntry(odd).replace('spire-server entry create', 'create');
      const said = execFileSync('/bin/sh', ['-c', `create() { printf '%s\\0' "$@"; }\n${line}`], {
        encoding: 'utf8',
        env: { SPIRE_PARENT_ID: 'parent' },
      }).split('\0');
      expect(said.slice(4, 6)).toEqual(['-selector', `k8s:ns:${value}`]);
    }
  });

  it('names resources as Kubernetes takes them', () => {
    expect(['Customer Support', '--é--', 'x'.repeat(300)].map(resourceName)).toEqual(['customer-support', 'agent', 'x'.repeat(63)]);
  });
});
