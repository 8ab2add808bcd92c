import { Notice } from '@/app/_ui/notice.tsx'

/** What whoever switches the stream on must know before: what it needs, what it costs, what it bypasses. */
export function FollowNeeds() {
  return (
    <div className="flex flex-col gap-3">
      <Notice tone="warn" title="The quorum port gives out everything, whatever the ACLs say">
        An observer gets each value, password hashes in ACLs included, and nobody is asked who it is. The copy in the
        store must be guarded like the quorum port itself: who may read the folder of the store, its backups and this
        host. Switch{' '}
        <a href="#encryption" className="link">
          encryption
        </a>{' '}
        on for it. What people see here goes by their roles and value rules as ever.
      </Notice>
      <dl className="grid gap-x-6 gap-y-2 sm:grid-cols-[8rem_1fr]">
        <dt className="font-medium">It needs</dt>
        <dd className="text-muted">
          to reach, from each host where a worker runs, the quorum port of whichever member leads (the first port of its
          server.N line, often 2888): name those of all members. Or the observerMasterPort of followers (3.6 and later),
          which is better: it spares the leader.
        </dd>
        <dt className="font-medium">It costs the leader</dt>
        <dd className="text-muted">
          one walk over its whole tree when the stream begins and nothing can be gone on from, and from then on one more
          observer in its queues: each transaction is sent once more. Nobody waits for us: we have no vote, acknowledge
          no proposal, and drop the connection ourselves when we cannot keep up.
        </dd>
        <dt className="font-medium">It gives</dt>
        <dd className="text-muted">
          every transaction in the archive within about a second, each held against the server’s own digest: time travel
          reaches the present, the recovery point is the last transaction, and a server whose tree is corrupted is
          found.
        </dd>
      </dl>
      <details className="rounded-md border px-3 py-2">
        <summary className="cursor-pointer">Checklist for hardened ensembles</summary>
        <ul className="flex list-disc flex-col gap-2 break-words pt-3 pl-5 text-muted">
          <li>
            <strong>Firewall:</strong> open the quorum ports of all members, or only the observerMasterPort, for the
            hosts of the workers and for nobody else. Election ports (3888) and client ports need nothing new.
          </li>
          <li>
            <strong>
              TLS (<code>sslQuorum=true</code>):
            </strong>{' '}
            a client certificate with its key that the members’ <code>ssl.quorum.trustStore</code> trusts, made for
            Arkeeper alone, and the authority of theirs. It must name the addresses of the workers’ hosts: members up to
            3.8, and later ones with <code>fips-mode=false</code>, check that as they do of each other. With{' '}
            <code>portUnification</code> plain connections are let in as well: rather use TLS all the same.
          </li>
          <li>
            <strong>
              SASL (<code>quorum.auth.serverRequireSasl=true</code>):
            </strong>{' '}
            keeps every observer out that does not sign in, this one too, at the quorum port and at the{' '}
            <code>observerMasterPort</code> alike. There is no way round it: keep the log from the members’ files
            instead, or set it to false and guard the port by firewall and TLS. <code>learnerRequireSasl</code> alone,
            which is what members ask of each other, lets us in.
          </li>
          <li>
            <strong>
              <code>observerMasterPort</code>:
            </strong>{' '}
            recommended. Set it on the followers and name it here: the leader then has nothing to do with us. A follower
            that becomes the leader does not listen there; the next address is taken.
          </li>
          <li>
            <strong>
              <code>leader.maxConcurrentSnapSyncs</code>
            </strong>{' '}
            (10): while so many members receive the whole tree at once, as after an outage, we are refused and try
            again.
          </li>
          <li>
            <strong>
              <code>commitLogCount</code>, <code>snapshotSizeFactor</code>:
            </strong>{' '}
            how far back the leader remembers. A worker that is away for longer leaves a gap, which is told; the
            members’ log files close it where Arkeeper keeps those as well.
          </li>
          <li>
            The leader lists us among its observers (<code>mntr</code>: learners, synced_observers) and logs a server id
            that is “not in the current config”: that is us.
          </li>
        </ul>
      </details>
    </div>
  )
}
