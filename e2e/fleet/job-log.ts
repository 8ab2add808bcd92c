import pg from 'pg'

/** One change of a job's state, as the database itself saw it. */
export interface JobChange {
  readonly job: string
  readonly kind: string
  readonly atMs: number
  readonly from: string
  readonly to: string
  readonly owner: string | null
}

const INSTALL = `
CREATE TABLE fleet_job_log (
  n BIGSERIAL PRIMARY KEY, job TEXT NOT NULL, kind TEXT NOT NULL, at TIMESTAMPTZ NOT NULL, was TEXT NOT NULL, is_now TEXT NOT NULL, owner TEXT
);
CREATE FUNCTION fleet_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR OLD."state" IS DISTINCT FROM NEW."state" OR OLD."leaseToken" IS DISTINCT FROM NEW."leaseToken" THEN
    INSERT INTO fleet_job_log (job, kind, at, was, is_now, owner)
    VALUES (NEW."id", NEW."kind", clock_timestamp(), CASE WHEN TG_OP = 'INSERT' THEN '' ELSE OLD."state" END, NEW."state", NEW."leaseOwner");
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER fleet_note AFTER INSERT OR UPDATE ON "Job" FOR EACH ROW EXECUTE FUNCTION fleet_note();
`

/** A witness that the product knows nothing of: every change of every job's state is kept, with who owned it. */
export async function installJobLog(url: string): Promise<void> {
  await withClient(url, (client) => client.query(INSTALL))
}

export async function readJobLog(url: string): Promise<JobChange[]> {
  return withClient(url, async (client) => {
    const { rows } = await client.query('SELECT job, kind, at, was, is_now, owner FROM fleet_job_log ORDER BY n')
    return rows.map(
      (row: { job: string; kind: string; at: Date; was: string; is_now: string; owner: string | null }) => ({
        job: row.job,
        kind: row.kind,
        atMs: row.at.getTime(),
        from: row.was,
        to: row.is_now,
        owner: row.owner,
      }),
    )
  })
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
