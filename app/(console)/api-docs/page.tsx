import type { Metadata } from 'next'
import { PageHeader } from '@/app/_components/page-header.tsx'
import { paths } from '@/app/_nav/paths.ts'
import { buttonClass } from '@/app/_ui/button-class.ts'
import { Card } from '@/app/_ui/card.tsx'
import { CopyButton } from '@/app/_ui/copy-button.tsx'
import { LinkButton } from '@/app/_ui/link-button.tsx'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'
import { HEADER_FILE } from '@/lib/services/api/curl.ts'
import { OperationCard } from './_components/operation-card.tsx'
import { loadOperations } from './loaders.ts'

export const metadata: Metadata = { title: 'API' }

const FIRST = `umask 077
printf 'Authorization: Bearer %s\\n' "$ARKEEPER_TOKEN" > ${HEADER_FILE}
curl -sS -H @${HEADER_FILE} "$ARKEEPER_SERVER/api/v1/clusters"`

const COMMAND_LINE = `export ARKEEPER_SERVER=https://arkeeper.example.org ARKEEPER_TOKEN_FILE=~/.arkeeper-token
npx arkeeper --server backup orders --note nightly --json
npx arkeeper --server restore BACKUP_ID orders --path /config
npx arkeeper --server restore BACKUP_ID orders --path /config --apply --reason 'put back what was deleted'`

export default async function ApiPage() {
  const groups = await loadOperations()
  return (
    <>
      <PageHeader
        title="API"
        actions={
          <>
            <a href={paths.api.openApi()} className={buttonClass({})}>
              OpenAPI document
            </a>
            <LinkButton href={paths.account()}>Your tokens</LinkButton>
          </>
        }
      >
        Whatever the pages do with backups, diffs and restores, a program can do with a token.
      </PageHeader>
      <div className="flex max-w-5xl flex-col gap-4">
        <Card title="Begin">
          <div className="flex flex-col gap-2 text-sm">
            <p>
              Make a token on your account page and keep it in a file that only you may read. It never does more than
              you may do yourself, and the audit names it beside you.
            </p>
            <Example text={FIRST} what="the first request" />
            <p>
              zxids are hex strings, times milliseconds since 1970, values base64, and null where there is none. What
              comes to nothing answers with a code, a message, what was left as it was, and what to do. A list goes on
              with <code>after</code> set to the <code>next</code> of the page before. Send an{' '}
              <code>Idempotency-Key</code> with what starts something: the same key starts nothing a second time.
            </p>
          </div>
        </Card>
        <Card title="On the command line">
          <div className="flex flex-col gap-2 text-sm">
            <p>
              The same operations, with the output and the exit status of the local commands.{' '}
              <code>arkeeper --server help</code> lists them.
            </p>
            <Example text={COMMAND_LINE} what="the commands" />
          </div>
        </Card>
        {groups.map(({ tag, operations }) => (
          <Card key={tag} title={`${tag.charAt(0).toUpperCase()}${tag.slice(1)}`} flush>
            {operations.map((operation) => (
              <OperationCard key={operation.id} operation={operation} />
            ))}
          </Card>
        ))}
      </div>
    </>
  )
}

function Example({ text, what }: { text: string; what: string }) {
  return (
    <div className="flex items-start gap-1">
      <ScrollBox label={`Example: ${what}`} className="min-w-0 flex-1 rounded-md border bg-sunken p-2">
        <pre className="text-xs">{text}</pre>
      </ScrollBox>
      <CopyButton text={text} what={what} />
    </div>
  )
}
