/** Files that can be opened as a tree though they are no archive of ours. The last two are ZooKeeper's own. */
export const IMPORT_FORMS = [
  'zoocreeper',
  'zoonavigator',
  'zk-shell',
  'jsonl',
  'directory',
  'data-directory',
  'snapshot',
] as const
export type ImportForm = (typeof IMPORT_FORMS)[number]

export interface FormFacts {
  readonly label: string
  /** Native: kinds, ACLs, stat and sessions are all there. */
  readonly isNative: boolean
  /** What a file of this form cannot say, one sentence each; shown beside every import. */
  readonly silent: readonly string[]
}

const NO_MOMENT = 'It does not say at which zxid it was taken, nor what was written meanwhile.'
const NO_KINDS = 'Containers and TTL znodes look like persistent ones.'
const NO_STAT = 'Versions, times, zxids and sequence counters are not in it.'

export const FORM_FACTS: Readonly<Record<ImportForm, FormFacts>> = {
  zoocreeper: {
    label: 'zoocreeper JSON',
    isNative: false,
    silent: [NO_MOMENT, NO_KINDS, 'Sequence counters are not in it.'],
  },
  zoonavigator: {
    label: 'ZooNavigator export',
    isNative: false,
    silent: [
      NO_MOMENT,
      'Ephemeral, container and TTL znodes look like persistent ones.',
      NO_STAT,
      'An empty value and no value are written alike.',
      'Paths begin at the znodes that were exported: what lay above them is cut off.',
    ],
  },
  'zk-shell': {
    label: 'zk_shell JSON',
    isNative: false,
    silent: [NO_MOMENT, NO_KINDS, NO_STAT, 'Ephemeral znodes are left out by the tool.'],
  },
  jsonl: {
    label: 'JSON Lines of arkeeper export',
    isNative: false,
    silent: [NO_MOMENT, 'Sessions of ephemeral znodes are known by their ids only.'],
  },
  directory: {
    label: 'Directory of files',
    isNative: false,
    silent: [
      NO_MOMENT,
      'Kinds are not in it.',
      NO_STAT,
      'ACLs are not in it.',
      'A folder without a file %value says nothing about its own value.',
    ],
  },
  'data-directory': { label: 'Data directory of a server', isNative: true, silent: [] },
  snapshot: { label: 'Snapshot of a server', isNative: true, silent: [] },
}

export function isImportForm(text: string): text is ImportForm {
  return (IMPORT_FORMS as readonly string[]).includes(text)
}
