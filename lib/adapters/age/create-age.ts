import type { AgePort } from './age-port.ts'
import { readConfigIdentities } from './config-identities.ts'
import { parseIdentities, readIdentityFile } from './identities.ts'
import { parseRecipients } from './recipients.ts'
import { makeHeader, unwrapFileKey } from './seal.ts'

/** Both files are read at each use, so that a key can be given and taken away while everything runs. */
export function createAge({
  identityFile,
  configFile = null,
}: {
  readonly identityFile: string | null
  readonly configFile?: string | null
}): AgePort {
  return {
    parseRecipients,
    parseIdentities,
    machineIdentities: async () => {
      const named = identityFile === null ? [] : await readIdentityFile(identityFile)
      const configured = configFile === null ? [] : await readConfigIdentities(configFile)
      return [...new Map([...named, ...configured].map((each) => [each.recipient, each])).values()]
    },
    opens: async (recipient, identity) => {
      const { header, fileKey } = await makeHeader([recipient])
      const opened = await unwrapFileKey(header, [identity])
      return opened !== null && Buffer.from(opened).equals(fileKey)
    },
  }
}
