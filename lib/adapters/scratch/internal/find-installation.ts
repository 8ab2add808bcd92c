import { constants } from 'node:fs'
import { access, readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { ScratchSettings } from '../scratch-server.ts'

export interface Installation {
  readonly java: string
  readonly classpath: string
}

/** Jars of Debian's packages. The class path inside zookeeper.jar forgets the servlet API, which 3.8 wants even without its AdminServer. */
const DEBIAN_JARS = ['zookeeper', 'slf4j-simple', 'servlet-api'].map((name) => `/usr/share/java/${name}.jar`)
/** Homebrew, the usual places of a distribution unpacked by hand, and our own cache. Folders of versions are entered. */
const USUAL_HOMES = [
  '/opt/zookeeper',
  '/usr/local/zookeeper',
  '/opt/homebrew/opt/zookeeper/libexec',
  '/usr/local/opt/zookeeper/libexec',
  '.toolchain/zookeeper',
]

export type Finding =
  | { readonly kind: 'found'; readonly installation: Installation }
  | { readonly kind: 'missing'; readonly fault: string }

export async function findInstallation(settings: ScratchSettings): Promise<Finding> {
  if (process.platform === 'win32') return missing('a drill needs a Unix system')
  const java = await findJava(settings)
  if (java === null) {
    const where = settings.javaHome ? `in ${settings.javaHome} or PATH` : 'in PATH'
    return missing(`there is no Java ${where}; install a runtime (Debian: default-jre-headless) or set JAVA_HOME`)
  }
  const classpath = await findClasspath(settings)
  return typeof classpath === 'string' ? { kind: 'found', installation: { java, classpath } } : missing(classpath.fault)
}

function missing(fault: string): Finding {
  return { kind: 'missing', fault }
}

async function findJava({ javaHome, searchPath }: ScratchSettings): Promise<string | null> {
  const folders = [...(javaHome ? [join(javaHome, 'bin')] : []), ...searchPath.split(delimiter).filter(Boolean)]
  for (const folder of folders) {
    const java = join(folder, 'java')
    if (await isAllowed(java, constants.X_OK)) return java
  }
  return null
}

async function findClasspath({ classpath, zookeeperHome }: ScratchSettings): Promise<string | { fault: string }> {
  if (classpath) return classpath
  if (zookeeperHome) {
    return (
      (await jarsOf(zookeeperHome)) ?? {
        fault: `the folder that ARKEEPER_ZOOKEEPER_HOME or the configuration file names (${zookeeperHome}) holds no zookeeper-*.jar, neither itself nor in its lib folder`,
      }
    )
  }
  if ((await Promise.all(DEBIAN_JARS.map((jar) => isAllowed(jar, constants.R_OK)))).every(Boolean)) {
    return DEBIAN_JARS.join(delimiter)
  }
  for (const home of USUAL_HOMES) {
    const versions = (await namesIn(home)).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    for (const folder of [home, ...versions.map((version) => join(home, version))]) {
      const jars = await jarsOf(folder)
      if (jars !== null) return jars
    }
  }
  return {
    fault:
      "there are no jars of ZooKeeper; install Debian's packages zookeeper, libslf4j-java and libservlet-api-java, or unpack a binary distribution and set ARKEEPER_ZOOKEEPER_HOME to its folder",
  }
}

/** All jars of a distribution (3.5+: lib, before: also the folder itself); null where the server is not among them. */
async function jarsOf(home: string): Promise<string | null> {
  const jars: string[] = []
  for (const folder of [home, join(home, 'lib')]) {
    for (const name of await namesIn(folder)) if (name.endsWith('.jar')) jars.push(join(folder, name))
  }
  return jars.some((jar) => /\/zookeeper(-\d[^/]*)?\.jar$/.test(jar)) ? jars.sort().join(delimiter) : null
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

async function isAllowed(file: string, mode: number): Promise<boolean> {
  return access(file, mode).then(
    () => true,
    () => false,
  )
}
