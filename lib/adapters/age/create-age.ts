import type { AgePort } from './age-port.ts'
import { parseIdentities, readIdentityFile } from './identities.ts'
import { parseRecipients } from './recipients.ts'
import { makeHeader, unwrapFileKey } from './seal.ts'

/** `identityFile`: read at each use, so that a key can be given and taken away while everything runs. */
export function createAge({ identityFile }: { readonly identityFile: string | null }): AgePort {
  return {
    parseRecipients,
    parseIdentities,
    machineIdentities: async () => (identityFile === null ? [] : readIdentityFile(identityFile)),
    opens: async (recipient, identity) => {
      const { header, fileKey } = await makeHeader([recipient])
      const opened = await unwrapFileKey(header, [identity])
      return opened !== null && Buffer.from(opened).equals(fileKey)
    },
  }
}
