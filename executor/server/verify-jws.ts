def sub(p,a,b,n=1):
    s=open(p).read(); assert a in s,(p,a); open(p,'w').write(s.replace(a,b,n))
sub('executor/server/health.ts','const VITAL = new Set(["journal", "intake"]);','const VITAL = new Set(["journal", "intake", "queue", "jupiter"]);')
sub('executor/engine/panic.ts','positions.length === 0 && !isBusy','positions.length === 0')
sub('executor/jobs/admission.ts','if (action.kind === "panic") this.#panic.open(inner, userId, job.id);','if (action.kind === "panic") { this.#panic.open(inner, userId, job.id); inner.append({ stream: `user:${userId}`, kind: "UserPausedChanged", payload: { userId, paused: false, jobId: job.id } }); }')
sub('executor/create-executor.ts','task, rooms.onFatal)','task, seams.onFatal)')
