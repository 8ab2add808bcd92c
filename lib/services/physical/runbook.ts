import { epochOf } from './choose-zxid.ts'
import { undoneFolder } from './execute-physical.ts'
import { shellWord } from './shell-word.ts'
import type { PhysicalPlan, PlannedServer, RunbookStep } from './views.ts'

/** Quoted for the shell, and for find: the names of live files, whatever stands behind the second dot. */
const LIVE_FILES = `-maxdepth 1 ! -type d \\( -name 'snapshot.*' -o -name 'log.*' \\)`

/** What people do on each server, in order, with every command filled in. Files are moved, never deleted, and never over others. */
export function runbookOf(plan: PhysicalPlan): RunbookStep[] {
  const { servers } = plan
  if (plan.way === 'admin') {
    const byHand = servers.filter((server) => !server.isMember)
    const inTurn = [...byHand].sort((a, b) => Number(a.mode === 'leader') - Number(b.mode === 'leader'))
    return inTurn.map((server) =>
      step('restart', server, `Restart ${server.name}`, RESTART_WHY, [
        server.stop,
        server.start,
        ...servingCommands(server),
      ]),
    )
  }
  return [
    ...servers.map((server) => step('stop', server, `Stop ${server.name}`, STOP_WHY, [server.stop])),
    ...servers.map((server) => step('down', server, `See that ${server.name} is down`, DOWN_WHY, downCommands(server))),
    ...servers.map((server) =>
      step('aside', server, `Move the old files of ${server.name} aside`, ASIDE_WHY, asideCommands(plan, server)),
    ),
    ...(plan.kind === 'ensemble'
      ? servers.map((server) =>
          step('epochs', server, `Look at the epochs of ${server.name}`, epochWhy(plan), epochCommands(server)),
        )
      : []),
    ...servers.map((server) =>
      step('place', server, `Place the snapshot on ${server.name}`, placeWhy(plan), placeCommands(plan, server)),
    ),
    ...servers.map((server) => step('start', server, `Start ${server.name}`, START_WHY, [server.start])),
    ...servers.map((server) =>
      step('serving', server, `See that ${server.name} serves`, SERVING_WHY, servingCommands(server)),
    ),
  ]
}

const RESTART_WHY =
  'Only after Arkeeper has made every server write the new state down, one after the other, the leader last. Then compare again: sessions opened since the restore do not expire before it.'
const STOP_WHY =
  'All of them, observers too, before the first file is moved: a server that goes on writes newer data, which would win.'
const DOWN_WHY =
  'That the stop command ended proves nothing. The port must refuse, and no process may be left. Wait for every server.'
const ASIDE_WHY =
  'Out of version-2, under their own names: a file that is only renamed there, such as snapshot.153.bak, is still loaded. acceptedEpoch, currentEpoch and myid stay.'
const START_WHY = 'All of them shortly after each other, only when the snapshot lies on every one.'
const SERVING_WHY =
  'Mode and Zxid are shown; all servers of an ensemble show the same epoch in the upper half of their zxid.'

function placeWhy({ fileName, archiveZxid, fileZxid }: PhysicalPlan): string {
  const raised =
    archiveZxid === fileZxid
      ? ''
      : ' Its name is higher than what it holds, on purpose: clients would be locked out otherwise.'
  return `The same ${fileName} of the bundle on every server, nothing else beside it.${raised}`
}

function epochWhy({ fileZxid }: PhysicalPlan): string {
  const epoch = epochOf(BigInt(fileZxid))
  return `acceptedEpoch must not be below currentEpoch, nor that below ${epoch}, else the server does not start. No such files: new machines, and that is right.`
}

function step(
  key: string,
  server: PlannedServer,
  title: string,
  why: string,
  commands: readonly string[],
): RunbookStep {
  return { key: `${key}:${server.name}`, server: server.name, title, why, commands }
}

function downCommands({ client, dataDir, dataLogDir }: PlannedServer): string[] {
  const address = /^(.*):(\d+)$/.exec(client ?? '')
  const port = address ? [`nc -z -w 2 ${shellWord(address[1] ?? '')} ${address[2]} && echo STILL UP || echo down`] : []
  const dirs = [...new Set([dataDir, dataLogDir])].map((dir) => shellWord(`${dir}/version-2`)).join(' ')
  return [
    ...port,
    "pgrep -af 'QuorumPeerMain|ZooKeeperServerMain' || echo no process",
    `sudo fuser -v ${dirs}/* || echo no open file`,
  ]
}

export function asideCommands({ asideFolder }: PhysicalPlan, server: PlannedServer): string[] {
  return baseDirs(server).flatMap((dir) => moveCommands({ from: `${dir}/version-2`, to: `${dir}/${asideFolder}` }))
}

function moveCommands({ from, to }: { from: string; to: string }): string[] {
  return [
    `sudo mkdir -p ${shellWord(to)}`,
    `sudo find ${shellWord(from)} ${LIVE_FILES} -exec mv -n -t ${shellWord(to)} {} +`,
    `sudo find ${shellWord(from)} ${LIVE_FILES}   # must print nothing`,
  ]
}

function epochCommands({ dataDir }: PlannedServer): string[] {
  const dir = shellWord(`${dataDir}/version-2`)
  return [`sudo head -v ${dir}/acceptedEpoch ${dir}/currentEpoch`, `cat ${shellWord(`${dataDir}/myid`)}`]
}

function placeCommands({ fileName, sha256 }: PhysicalPlan, { dataDir, dataLogDir, owner }: PlannedServer): string[] {
  const target = `${dataDir}/version-2/${fileName}`
  const dirs = [...new Set([dataDir, dataLogDir])].map((dir) => shellWord(`${dir}/version-2`)).join(' ')
  return [
    `sudo mkdir -p ${dirs}`,
    `sudo cp -n ${shellWord(fileName)} ${shellWord(target)}`,
    `echo ${shellWord(`${sha256}  ${target}`)} | sudo sha256sum -c -`,
    ...(owner === null ? [] : [`sudo chown ${shellWord(owner)} ${shellWord(target)} ${dirs}`]),
    'sync',
  ]
}

function servingCommands({ client }: PlannedServer): string[] {
  const address = /^(.*):(\d+)$/.exec(client ?? '')
  return address
    ? [`echo srvr | nc -w 2 ${shellWord(address[1] ?? '')} ${address[2]}`]
    : ['echo srvr | nc -w 2 localhost 2181']
}

/** From wherever it stands back to the files of before; the new ones are kept too. */
export function undoCommandsOf(plan: PhysicalPlan): string[] {
  const { servers, asideFolder } = plan
  return [
    '# on every server first:',
    ...servers.map((server) => `${server.stop}   # ${server.name}`),
    '# when all are down:',
    ...servers.flatMap((server) => [
      `# ${server.name}`,
      ...baseDirs(server).flatMap((dir) => [
        ...moveCommands({ from: `${dir}/version-2`, to: `${dir}/${undoneFolder(asideFolder)}` }),
        `sudo find ${shellWord(`${dir}/${asideFolder}`)} ${LIVE_FILES} -exec mv -n -t ${shellWord(`${dir}/version-2`)} {} +`,
      ]),
    ]),
    '# then on every server:',
    ...servers.map((server) => `${server.start}   # ${server.name}`),
  ]
}

const baseDirs = ({ dataDir, dataLogDir }: PlannedServer) => [...new Set([dataDir, dataLogDir])]
