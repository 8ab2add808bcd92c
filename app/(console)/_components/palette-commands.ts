import { CLUSTER_PAGES, SETTINGS_GROUPS } from '@/app/_nav/cluster-pages.ts'
import { paths, type TreeAddress } from '@/app/_nav/paths.ts'
import { formatUtc } from '@/app/_ui/format-time.ts'
import { findPathFault } from '@/lib/domain/znode/path.ts'
import type { PlacesView } from '@/lib/services/places/views.ts'
import { describeSearch } from '../searches/_components/search-words.ts'

/** Somewhere to go. Every command is a link: the palette itself changes nothing. */
export interface PaletteCommand {
  readonly group: string
  readonly label: string
  /** Beside the label, and searched like it. */
  readonly hint: string
  readonly href: string
}

export interface PaletteInput {
  readonly clusters: readonly { readonly id: string; readonly name: string }[]
  /** Null while they are not read yet. */
  readonly places: PlacesView | null
  /** Of the page that is open: its tree comes first. */
  readonly pathname: string
  readonly text: string
}

export const COMMANDS_MAX = 60

/** What fits the text, best first. An absolute path leads to that path of each tree, any other text also to a search for it. */
export function listCommands(input: PaletteInput): PaletteCommand[] {
  const text = input.text.trim()
  if (text.startsWith('/')) return listPathCommands(input, text).slice(0, COMMANDS_MAX)
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const fitting = listEverything(input).flatMap((command) => {
    const rank = rankOf(command, words)
    return rank === null ? [] : [{ command, rank }]
  })
  // A group stays together, where its best command is; within it the given order says what is nearer.
  const best = new Map<string, number>()
  for (const { command, rank } of fitting) best.set(command.group, Math.min(best.get(command.group) ?? rank, rank))
  const found = fitting
    .sort(
      (a, b) =>
        (best.get(a.command.group) ?? 0) - (best.get(b.command.group) ?? 0) || groupOrder(a, b) || a.rank - b.rank,
    )
    .map(({ command }) => command)
  return [...found.slice(0, COMMANDS_MAX), ...(text === '' ? [] : listSearchCommands(input, text))]
}

/** Why a text that looks like a path leads nowhere; null when it does. */
export function findTypedPathFault(text: string): string | null {
  const trimmed = text.trim()
  return trimmed.startsWith('/') ? findPathFault(withoutEnd(trimmed)) : null
}

const GROUPS = ['Clusters', 'Actions', 'Pages', 'Backups', 'Diffs', 'Restores', 'Searches', 'Settings']
const groupOrder = (a: { command: PaletteCommand }, b: { command: PaletteCommand }) =>
  GROUPS.indexOf(a.command.group) - GROUPS.indexOf(b.command.group)

/** All words must be there. Lower is better: at the beginning of the label, of a word of it, anywhere. */
function rankOf({ label, hint }: PaletteCommand, words: readonly string[]): number | null {
  const inLabel = label.toLowerCase()
  const all = `${inLabel} ${hint.toLowerCase()}`
  if (!words.every((word) => all.includes(word))) return null
  const [first] = words
  if (first === undefined || inLabel.startsWith(first)) return 0
  return inLabel.includes(` ${first}`) ? 1 : 2
}

const withoutEnd = (text: string) => text.replace(/\/+$/, '') || '/'

interface NamedTree {
  readonly tree: TreeAddress
  readonly name: string
}

/** The tree of the open page first, then every live one. */
function listTrees({ clusters, places, pathname }: PaletteInput): NamedTree[] {
  const trees = clusters.map(({ id, name }): NamedTree => ({ tree: { kind: 'live', id }, name }))
  const current = /^\/clusters\/([^/]+)\/./.exec(pathname)?.[1]
  const backupId = /^\/backups\/([^/]+)(\/|$)/.exec(pathname)?.[1]
  const here = trees.filter(({ tree }) => tree.id === current)
  const backup = places?.backups.find(({ id }) => id === backupId)
  const name = backup ? `${backup.clusterName}, backup of ${formatUtc(Date.parse(backup.takenAt))}` : 'this backup'
  const open: NamedTree[] = backupId === undefined ? here : [{ tree: { kind: 'backup', id: backupId }, name }]
  return [...open, ...trees.filter((each) => !here.includes(each))]
}

function listPathCommands(input: PaletteInput, text: string): PaletteCommand[] {
  const path = withoutEnd(text)
  const trees = listTrees(input)
  const jumps =
    findPathFault(path) === null
      ? trees.map(({ tree, name }) => ({
          group: 'Paths',
          label: path,
          hint: `in ${name}`,
          href: paths.tree(tree, { path }),
        }))
      : []
  return [...jumps, ...listSearchCommands(input, text)]
}

const SEARCHES_OFFERED = 3

function listSearchCommands(input: PaletteInput, text: string): PaletteCommand[] {
  return listTrees(input)
    .slice(0, SEARCHES_OFFERED)
    .map(({ tree, name }) => ({
      group: 'Search',
      label: `Search ${name}`,
      hint: `for paths with “${text}”`,
      href: paths.tree(tree, { find: text }),
    }))
}

function listEverything({ clusters, places }: PaletteInput): PaletteCommand[] {
  const utc = (iso: string) => formatUtc(Date.parse(iso))
  const ofClusters = clusters.flatMap(({ id, name }) =>
    CLUSTER_PAGES.map(([section, title]) => ({
      group: 'Clusters',
      label: name,
      hint: title,
      href: paths.cluster(id, section),
    })),
  )
  const settings = clusters.flatMap(({ id, name }) =>
    SETTINGS_GROUPS.flatMap(({ sections }) =>
      sections.map(([section, title]) => ({
        label: `${title} (${name})`,
        hint: 'settings',
        href: paths.clusterSettings(id, section),
      })),
    ),
  )
  const actions = clusters.flatMap(({ id, name }) => [
    { label: `Back up ${name}`, hint: 'take a backup', href: paths.clusterBackups(id, { take: true }) },
    { label: `Compare with ${name}`, hint: 'new diff', href: paths.newDiff({ right: `live:${id}` }) },
    { label: `Restore to ${name}`, hint: 'make a plan', href: paths.newRestore({ clusterId: id }) },
  ])
  const pages = [
    { label: 'Overview', hint: 'all clusters', href: paths.overview() },
    { label: 'Diffs', hint: 'all of them', href: paths.diffs() },
    { label: 'Schedules', hint: 'of all clusters: next runs, what may be lost', href: paths.schedules() },
    { label: 'Searches', hint: 'all of them', href: paths.searches() },
    { label: 'Alerts', hint: 'what fires, what was', href: paths.alerts() },
    { label: 'Notifications', hint: 'channels, rules of alerts', href: paths.notifications() },
    { label: 'Audit', hint: 'who did what', href: paths.audit() },
    { label: 'Stores', hint: 'where backups lie, rescan', href: paths.stores() },
    { label: 'Hidden values', hint: 'secrets, who may reveal', href: paths.values() },
    { label: 'People', hint: 'roles, invitations', href: paths.people() },
    { label: 'Your account', hint: 'sessions, password', href: paths.account() },
    {
      label: 'Help',
      hint: 'disaster recovery: server lost, majority lost, deleted by mistake, site lost, digest, moving',
      href: paths.help(),
    },
    { label: 'Add cluster', hint: '', href: paths.newCluster() },
    { label: 'Compare two trees', hint: 'new diff', href: paths.newDiff() },
  ]
  const backups = (places?.backups ?? []).map(({ id, clusterName, takenAt, note }) => ({
    label: `${clusterName}, backup of ${utc(takenAt)}`,
    hint: note,
    href: paths.backup(id),
  }))
  const diffs = (places?.diffs ?? []).map(({ id, leftLabel, rightLabel, path, createdAt }) => ({
    label: `${leftLabel} → ${rightLabel}`,
    hint: `diff at ${path}, ${utc(createdAt)}`,
    href: paths.diff(id),
  }))
  const restores = (places?.restores ?? []).map(({ id, clusterName, sourceLabel, state, createdAt }) => ({
    label: `Restore to ${clusterName} from ${sourceLabel}`,
    hint: `${state}, ${utc(createdAt)}`,
    href: paths.restore(id),
  }))
  const searches = (places?.searches ?? []).map((search) => ({
    label: describeSearch({ ...search, value: null }),
    hint: `search in ${search.treeLabel}, ${utc(search.createdAt)}`,
    href: paths.search(search.id),
  }))
  const inGroup = (group: string, commands: readonly Omit<PaletteCommand, 'group'>[]) =>
    commands.map((command) => ({ group, ...command }))
  return [
    ...ofClusters,
    ...inGroup('Actions', actions),
    ...inGroup('Pages', pages),
    ...inGroup('Backups', backups),
    ...inGroup('Diffs', diffs),
    ...inGroup('Restores', restores),
    ...inGroup('Searches', searches),
    ...inGroup('Settings', settings),
  ]
}
