import { runbookOf, undoCommandsOf } from './runbook.ts'
import type { PhysicalPlan } from './views.ts'

/** The runbook as a Markdown file that is read on a bad day without Arkeeper. */
export function formatRunbook(
  plan: PhysicalPlan,
  about: { readonly clusterName: string; readonly sourceLabel: string; readonly madeAt: string },
): string {
  const lines = [
    `# Put a backup back as files: ${about.clusterName}`,
    '',
    `- From: ${about.sourceLabel}`,
    `- Made: ${about.madeAt}`,
    `- File: \`${plan.fileName}\`, ${plan.bytes} bytes, SHA-256 \`${plan.sha256}\``,
    `- The backup's zxid is ${plan.archiveZxid}; the highest seen when this was made is ${plan.lastSeenZxid ?? 'not known'}`,
    `- ${plan.kind === 'ensemble' ? 'Ensemble' : 'Standalone server'}: ${plan.servers.map(({ name }) => name).join(', ')}`,
    '',
    'Nothing is deleted: old files are moved aside, and the last section puts them back.',
    '',
    '## Before you begin',
    '',
    ...plan.findings.map(
      ({ level, server, message, remedy }) =>
        `- **${level}**${server === null ? '' : ` (${server})`}: ${message}${remedy === null ? '' : `. What to do: ${remedy}`}`,
    ),
    '',
    '## Steps',
    '',
    ...runbookOf(plan).flatMap(({ title, why, commands }, index) => [
      `### ${index + 1}. ${title}`,
      '',
      '- [ ] done',
      '',
      why,
      '',
      '```sh',
      ...commands,
      '```',
      '',
    ]),
    '## Verify',
    '',
    'Press *Compare with the backup* on the page of this restore, or run:',
    '',
    '```sh',
    `arkeeper diff <the archive's folder> zk://${plan.servers[0]?.client ?? 'host:2181'}`,
    '```',
    '',
    '## The way back',
    '',
    '```sh',
    ...undoCommandsOf(plan),
    '```',
    '',
  ]
  return lines.join('\n')
}
