import { createIdentity } from '#client';
import { nativeCrypto } from '#crypto-native';
import type { CommandAction } from '../command.js';
import { runApp } from '../process/run-app.js';
import { openKeys } from '../session.js';

export const mine: CommandAction = async (_input, context) => {
  const given = context.config.minerAddress;
  const address =
    given ?? createIdentity(nativeCrypto, context.params, (await openKeys(context)).phrase).address;
  context.output.note(`Mining for ${address}.`);
  return runApp(context, 'miner', { minerAddress: address });
};
