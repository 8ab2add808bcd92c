/** The pages of a cluster in the order in which every list shows them. */
export const CLUSTER_PAGES = [
  ['tree', 'Tree'],
  ['history', 'Time travel'],
  ['live', 'Live'],
  ['backups', 'Backups'],
  ['diffs', 'Diffs'],
  ['restores', 'Restores'],
  ['schedules', 'Schedules'],
  ['health', 'Health'],
  ['retention', 'On the servers'],
  ['settings', 'Settings'],
] as const

export type ClusterSection = (typeof CLUSTER_PAGES)[number][0]

/** The sections of its settings, grouped; their ids stand behind the `#` of an address, and are kept: people have bookmarks. */
export const SETTINGS_GROUPS = [
  {
    title: 'Access',
    sections: [
      ['writing', 'Writing to this cluster'],
      ['second-person', 'Second person'],
      ['connection', 'Connection'],
      ['tls', 'TLS'],
      ['admin-servers', 'AdminServer'],
    ],
  },
  {
    title: 'Backups',
    sections: [
      ['stores', 'Stores'],
      ['encryption', 'Encryption'],
      ['drills', 'Drills'],
    ],
  },
  {
    title: 'The past',
    sections: [
      ['log', 'Transaction log'],
      ['follow', 'Live stream'],
    ],
  },
  {
    title: 'Watching',
    sections: [
      ['drift', 'Drift from a baseline'],
      ['alerts', 'Alerts'],
      ['ignored', 'Ignored in diffs'],
    ],
  },
  { title: 'The end', sections: [['remove', 'Remove this cluster']] },
] as const

export type SettingsSection = (typeof SETTINGS_GROUPS)[number]['sections'][number][0]
