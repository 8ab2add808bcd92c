import { paths } from '@/app/_nav/paths.ts'
import type { HelpPlace, Step } from './steps.tsx'

export interface Situation {
  readonly id: string
  readonly title: string
  /** What to know before anything is done. */
  readonly first: string
  steps(place: HelpPlace | null): readonly Step[]
}

type Section = Parameters<typeof paths.cluster>[1]

/** A page of the chosen cluster; none without one, because there is nowhere to lead to. */
function pageOf(place: HelpPlace | null, section: Section, label: string): readonly (readonly [string, string])[] {
  return place ? [[paths.cluster(place.id, section), `${label} of ${place.name}`]] : [[paths.overview(), 'Overview']]
}

const liveOf = (place: HelpPlace | null) => `zk://${place?.connectString ?? 'zk1:2181,zk2:2181,zk3:2181'}`
const serversOf = (place: HelpPlace | null) =>
  (place?.connectString ?? 'zk1:2181,zk2:2181').replace(/\/.*$/, '').split(',')

const MOVE_ASIDE = `systemctl stop zookeeper
mv /var/lib/zookeeper/version-2 /var/lib/zookeeper/version-2.aside
mv /var/log/zookeeper/version-2 /var/log/zookeeper/version-2.aside   # only where dataLogDir is another folder
systemctl start zookeeper`

export const SITUATIONS: readonly Situation[] = [
  {
    id: 'member',
    title: 'One server is lost',
    first:
      'As long as a majority serves, nothing is lost and nothing is to be restored: the ensemble fills the server up again.',
    steps: (place) => [
      {
        text: 'See who serves, who leads, and whether the others are in sync.',
        links: pageOf(place, 'health', 'Health'),
      },
      {
        text: 'Take a backup now: until the server is back, one more failure may cost the majority.',
        links: pageOf(place, 'backups', 'Backups'),
      },
      {
        text: (
          <>
            When the disk is damaged, move the data aside (do not delete it) and start. The server fetches everything
            from the leader. Keep <code>myid</code>. Never put the files of a backup on one server of a running
            ensemble: it would part from the others without an error.
          </>
        ),
        command: MOVE_ASIDE,
      },
      {
        text: (
          <>
            A new machine takes the place under the same number: the same <code>server.N</code> line everywhere, the
            number in <code>myid</code>. Start it alone while the others serve. An empty server that meets another empty
            one can form a majority of nothing; <code>-Dzookeeper.db.autocreate=false</code> (3.6 and later) forbids it.
          </>
        ),
      },
      {
        text: 'It is over when the page shows as many followers in sync as there are, and no digest mismatch.',
        links: pageOf(place, 'health', 'Health'),
      },
    ],
  },
  {
    id: 'quorum',
    title: 'The majority is lost',
    first:
      'Do not start empty servers, and do not let the servers that are left be started one after the other with other data: the newest data must win, not the first to start.',
    steps: (place) => [
      {
        text: 'If the disks still exist, bring back as many servers as make a majority, with their own data. That is all.',
      },
      {
        text: 'If not, ask each data directory that is left how far it goes. The one that can be replayed furthest has the most.',
        command: 'npx arkeeper inspect /var/lib/zookeeper --json',
      },
      {
        text: 'Copy the best directory (and its logs, where they lie elsewhere) to safety, and make an archive of it: one exact state, with the digests of its transaction log as proof.',
        command:
          'npx arkeeper backup --source files --data-dir /var/lib/zookeeper --log-dir /var/log/zookeeper --out /safe/archives',
      },
      {
        text: 'Compare it with the newest backup of the catalog: the directory of a server that had long been away may be older.',
        command: 'npx arkeeper diff ARCHIVE-OF-THE-CATALOG /safe/archives/ARCHIVE --summary',
        links: pageOf(place, 'backups', 'Backups'),
      },
      {
        text: 'Put the better one back as files: the same snapshot on every voter, all servers stopped, old files moved aside. Open the backup, choose “Put back as files…”; the check looks at zxid and epochs, so that clients are not locked out and no old server wins.',
        links: [[paths.newPhysical(), 'Put back as files'], ...pageOf(place, 'backups', 'Backups')],
      },
    ],
  },
  {
    id: 'deleted',
    title: 'Data was deleted or overwritten by mistake',
    first:
      'Stop the program or the person that does it, then look before you write. Everything that was not touched stays as it is.',
    steps: (place) => [
      {
        text: 'Find out when and by whom: open the path and its history over the backups, or, where the transaction log is kept, the transactions that touched it.',
        links: [...pageOf(place, 'tree', 'Tree'), ...pageOf(place, 'history', 'Time travel')],
      },
      {
        text: 'Compare the last good backup, or the moment right before, with the live tree. Pick what is wanted back.',
        links: [[paths.newDiff({ left: undefined }), 'New diff']],
      },
      {
        text: '“Restore selected” makes a plan. Read its warnings: watched paths, owners, counters. “Create” only adds what is missing; “update” also puts values and ACLs back; only “mirror” deletes.',
        links: place ? [[paths.newRestore({ clusterId: place.id }), `New restore to ${place.name}`]] : [],
      },
      {
        text: 'The run takes a safety backup first, writes only what is still as the plan saw it, and compares at the end. If it was the wrong thing, Undo makes the plan that takes it back.',
      },
      {
        text: 'The same without a browser. Without --apply it only prints the plan.',
        command: `npx arkeeper diff ARCHIVE ${liveOf(place)} --path /config
npx arkeeper restore ARCHIVE ${liveOf(place)} --path /config --mode create
npx arkeeper restore ARCHIVE ${liveOf(place)} --path /config --mode create --apply --journal /safe/journal`,
      },
    ],
  },
  {
    id: 'site',
    title: 'The whole site is lost, Arkeeper with it',
    first:
      'What is needed is a store that survived and, where archives are encrypted, a private key. The database and this installation’s keys are not.',
    steps: () => [
      {
        text: 'Start Arkeeper on any machine with git and Node.js, add the store that survived, and let it rescan: the catalog is rebuilt from the manifests that lie beside the archives.',
        command: 'npm start',
        links: [[paths.stores(), 'Stores']],
      },
      {
        text: 'Verify the newest archive before anything depends on it. A drill starts a ZooKeeper on it and reads every znode back.',
        command: 'npx arkeeper verify ARCHIVE\nnpx arkeeper drill ARCHIVE',
      },
      {
        text: 'New servers, same application: put it back as files, so that versions, zxids and sequence counters go on from where they were. On new machines the name of the file carries an epoch above the old ones; the check says which.',
        links: [[paths.newPhysical(), 'Put back as files']],
      },
      {
        text: 'Into an ensemble that has other data already: restore through a plan, to another path if needed.',
        links: [[paths.newRestore(), 'New restore']],
      },
      {
        text: 'Without Arkeeper at all: an archive is a snapshot file as ZooKeeper writes it. Decrypt it where it ends in .age, unpack it, and place the same file on every stopped, empty voter before any of them starts.',
        command: `age -d -i key.txt snapshot.500000000.gz.age > snapshot.500000000.gz   # only where it is encrypted
gunzip -k snapshot.500000000.gz
install -d -o zookeeper /var/lib/zookeeper/version-2
install -o zookeeper snapshot.500000000 /var/lib/zookeeper/version-2/`,
      },
      {
        text: 'Ephemeral znodes come back with their sessions and expire by themselves. Start ZooKeeper, check it, and only then the applications.',
      },
    ],
  },
  {
    id: 'digest',
    title: 'A digest does not match',
    first: 'One server may hold another tree than the rest. Clients of that server read it without any error.',
    steps: (place) => [
      {
        text: 'See which server counts mismatches. One that began with a new container made by an old client, or on a server whose Java runs without UTF-8, is known to be harmless; one that grows is not.',
        links: pageOf(place, 'health', 'Health'),
      },
      {
        text: 'Compare two servers directly. With writes going on, what moved meanwhile differs too: ask twice.',
        command: `npx arkeeper diff zk://${serversOf(place)[0]} zk://${serversOf(place)[1] ?? 'zk2:2181'}`,
      },
      {
        text: 'Take a backup from the files of a server that is right: it is replayed, and held against each digest of the log.',
        links: pageOf(place, 'backups', 'Backups'),
      },
      {
        text: 'Let the wrong server fetch everything anew. If it leads, stopping it lets another one lead.',
        command: MOVE_ASIDE,
      },
      {
        text: 'An archive whose digest does not match is shown red. Its copy in another store, or the backup before it, may be good: verify them. Never make it the base of a restore of files.',
        command: 'npx arkeeper verify ARCHIVE --json',
      },
    ],
  },
  {
    id: 'moving',
    title: 'Moving to new hosts or a new version',
    first: 'Both can be done without an outage of the data; what takes planning is the switch of the clients.',
    steps: (place) => [
      {
        text: 'Take a backup and prove it on the new version: a drill runs the ZooKeeper that ARKEEPER_ZOOKEEPER_HOME names.',
        command: 'ARKEEPER_ZOOKEEPER_HOME=/opt/zookeeper-new npx arkeeper drill ARCHIVE',
        links: pageOf(place, 'backups', 'Backups'),
      },
      {
        text: 'A new version on the same hosts: one server after the other, the leader last, each time waiting until all are in sync. Look at the findings of the health page before: some settings make old snapshots unreadable, such as digest.enabled changed on 3.9.',
        links: pageOf(place, 'health', 'Health'),
      },
      {
        text: 'New hosts, same ensemble: replace one server after the other, as if each had been lost.',
        links: [[paths.help({ clusterId: place?.id, about: 'member' }), 'One server is lost']],
      },
      {
        text: 'A new ensemble: migrate. The target is made like the source and follows it; at the switch-over both are compared, and it is done only when nothing differs and nobody writes any more.',
        links: [[paths.newMigration({ sourceId: place?.id }), 'Migrate a cluster']],
      },
      {
        text: 'Not carried by a migration: sessions and ephemerals (clients make them anew), versions, zxids. Where an application counts on those, put a backup back as files instead.',
        links: [[paths.newPhysical(), 'Put back as files']],
      },
    ],
  },
]
