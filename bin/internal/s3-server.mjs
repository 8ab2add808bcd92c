import { join } from 'node:path'
import { TOOLCHAIN_DIR } from './project.mjs'
import { fetchJars } from './zookeepers.mjs'

const VERSION = '2.6.0'
/** Where lib/testing/s3-server.ts looks for it. */
const DIR = join(TOOLCHAIN_DIR, 's3proxy', VERSION)

/** S3Proxy, the server that the tests of S3 stores talk to; they are skipped by name where it cannot be had. Gives what `fetchJars` gives. */
export function fetchS3Server(env) {
  return fetchJars({ name: `S3Proxy ${VERSION}`, dir: DIR, pom: POM, env })
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>arkeeper</groupId><artifactId>s3proxy-${VERSION}</artifactId><version>1</version><packaging>pom</packaging>
<dependencies><dependency><groupId>org.gaul</groupId><artifactId>s3proxy</artifactId><version>${VERSION}</version></dependency></dependencies>
</project>
`
