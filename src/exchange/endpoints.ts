/**
 * Every endpoint of the exchange that the client uses, as data. Endpoints that move money out of an account (send,
 * withdrawals, beneficiaries, convert, move) are omitted on purpose.
 *
 * Parameters and answers keep Luno's field names.
 */

import type { z } from "zod";
import { accountEndpoints } from "./account_endpoints.ts";
import { fundingEndpoints } from "./funding_endpoints.ts";
import { marketEndpoints } from "./market_endpoints.ts";
import { orderEndpoints } from "./order_endpoints.ts";

/** The endpoints by operation name. */
export const endpoints = {
  ...marketEndpoints,
  ...accountEndpoints,
  ...orderEndpoints,
  ...fundingEndpoints,
} as const;

/** The name of an endpoint. */
export type EndpointName = keyof typeof endpoints;

/** The parameters of an endpoint. */
export type ParamsOf<Name extends EndpointName> = z.input<(typeof endpoints)[Name]["params"]>;

type Answers = { [Name in EndpointName]: z.output<(typeof endpoints)[Name]["answer"]> };

/** The answer of an endpoint. */
export type AnswerOf<Name extends EndpointName> = Answers[Name];

/** The schema of an endpoint's answer; keeps the relation between name and type that `endpoints[name].answer` loses. */
export function answerSchema<Name extends EndpointName>(name: Name): z.ZodType<AnswerOf<Name>> {
  const schemas: { readonly [Each in EndpointName]: { readonly answer: z.ZodType<Answers[Each]> } } = endpoints;
  return schemas[name].answer;
}
