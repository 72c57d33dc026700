import { createRoute, z } from '@hono/zod-openapi';
import {
  absent,
  body,
  conflicting,
  json,
  nameSchema,
  pageOf,
  pageSchema,
  timesSchema,
} from '../../../core/http/management.ts';
import { changeOf } from '../../../core/http/merge-patch.ts';
import { policySettingsSchema } from '../plan/policies.ts';
import { text } from './shapes.ts';

export const policiesTag = {
  name: 'build policies',
  description: 'Manages the policies by which images follow their bases.',
};

const policySchema = z
  .object({ name: text('The name of the policy.'), ...policySettingsSchema.shape, ...timesSchema })
  .openapi('BuildPolicy', { description: 'A policy for images whose bases are updated.' });
const settingsSchema = z
  .strictObject(policySettingsSchema.shape)
  .openapi('BuildPolicySettings', { description: 'The settings of a build policy.' });
const changeSchema = changeOf(policySettingsSchema.shape).openapi('BuildPolicyChange', {
  description: 'The changes of a build policy: an absent property stays as it is, null sets its default.',
});
const listSchema = pageOf(
  policySchema,
  'Policies in the order of their names: the first one that covers an image applies.',
).openapi('BuildPolicies', { description: 'A page of build policies.' });

const params = z.object({ name: nameSchema.openapi({ description: 'The name of a build policy.', example: 'apps' }) });

export const policyRoutes = {
  list: createRoute({
    method: 'get',
    path: '/builds/policies',
    operationId: 'listBuildPolicies',
    summary: 'Lists the build policies',
    description: 'Lists the build policies in the order of their names: the first one that covers an image applies.',
    request: { query: pageSchema },
    responses: { 200: json('A page of build policies.', listSchema) },
  }),
  read: createRoute({
    method: 'get',
    path: '/builds/policies/{name}',
    operationId: 'getBuildPolicy',
    summary: 'Gets a build policy',
    description: 'Gets one build policy by its name.',
    request: { params },
    responses: { ...absent('buildPolicyNotFound'), 200: json('The build policy.', policySchema) },
  }),
  put: createRoute({
    method: 'put',
    path: '/builds/policies/{name}',
    operationId: 'putBuildPolicy',
    summary: 'Creates or replaces a build policy',
    description: 'Creates a build policy, or replaces all of it.',
    request: { params, ...body(settingsSchema) },
    responses: {
      ...conflicting('tooManyPolicies'),
      200: json('The build policy was replaced.', policySchema),
      201: json('The build policy was created.', policySchema),
    },
  }),
  patch: createRoute({
    method: 'patch',
    path: '/builds/policies/{name}',
    operationId: 'updateBuildPolicy',
    summary: 'Changes a build policy',
    description: 'Changes those properties of a build policy that the body has.',
    request: { params, ...body(changeSchema) },
    responses: { ...absent('buildPolicyNotFound'), 200: json('The build policy as it is now.', policySchema) },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/builds/policies/{name}',
    operationId: 'deleteBuildPolicy',
    summary: 'Deletes a build policy',
    description: 'Deletes a build policy, so that its images do not follow their bases any more.',
    request: { params },
    responses: { ...absent('buildPolicyNotFound'), 204: { description: 'The build policy was deleted.' } },
  }),
};
