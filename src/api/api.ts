import type * as z from 'zod/mini';
import { isChanging } from '../model/changing.ts';
import { MusterError } from '../model/error.ts';
import { type Method, params } from '../model/methods.ts';
import { createAudited, isAudited } from './audited.ts';
import type { ApiPorts, Call, Handler, Handlers } from './call.ts';
import { cgroupHandlers } from './cgroup.ts';
import { controlHandlers } from './control.ts';
import { historyHandlers } from './history.ts';
import { messageHandlers } from './messages.ts';
import { metricsHandlers } from './metrics.ts';
import { packageHandlers } from './packages.ts';
import { assertMay } from './rights.ts';
import { runHandlers } from './run.ts';
import { settingsHandlers } from './settings.ts';
import { streamHandlers } from './stream.ts';
import { triggerHandlers } from './trigger.ts';
import { viewHandlers } from './view.ts';

const handlers: Handlers = {
  ...viewHandlers,
  ...runHandlers,
  ...historyHandlers,
  ...controlHandlers,
  ...messageHandlers,
  ...cgroupHandlers,
  ...packageHandlers,
  ...settingsHandlers,
  ...triggerHandlers,
  ...metricsHandlers,
  ...streamHandlers,
};
const service = 'muster.';

/**
 * Answers requests to service `muster`. Throws a MusterError: ENOSYS for an unknown method, EINVAL for bad options, EPERM
 * for what a module may not ask; what goes wrong later rejects. No async function: a promise that adopts another costs each request three more turns of the queue.
 */
export function createApi(ports: ApiPorts): (topic: string, payload: unknown, call: Call) => unknown {
  const audited = createAudited(ports);
  return (topic, payload, call) => {
    const method = methodOf(topic);
    const schema: z.ZodMiniType = params[method];
    const parsed = schema.safeParse(payload ?? {});
    if (!parsed.success) throw badOptions(topic, parsed.error);
    const run = (given: unknown, from: Call): unknown => {
      if (from.from !== undefined) assertMay(from.from, method, given as never);
      return (handlers[method] as Handler<Method>)(given as never, from, ports);
    };
    if (!isChanging(method)) return run(parsed.data, call);
    const asked = { ...(parsed.data as object), by: callerOf(call, parsed.data as never) };
    return isAudited(method, asked) ? audited(method, asked, call, (audited) => run(asked, audited)) : run(asked, call);
  };
}

/** A module is who the daemon knows it to be; a client is believed. */
function callerOf({ from }: Call, { by }: { by?: string }): string | undefined {
  return from === undefined ? by : `module:${from.name}`;
}

function methodOf(topic: string): Method {
  const name = topic.startsWith(service) ? topic.slice(service.length) : '';
  if (Object.hasOwn(params, name)) return name as Method;
  throw new MusterError('ENOSYS', `nobody serves ${topic}`, { hint: `methods: ${Object.keys(params).sort().join(', ')}` });
}

function badOptions(topic: string, error: z.core.$ZodError): MusterError {
  const problems = error.issues.map((issue) => `${issue.path.join('.') || 'options'}: ${issueText(issue)}`);
  return new MusterError('EINVAL', `${topic}: ${problems.join('; ')}`);
}

function issueText(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `unknown: ${issue.keys.join(', ')}`;
    case 'invalid_type':
      return `expected ${issue.expected}`;
    default:
      return issue.message;
  }
}
