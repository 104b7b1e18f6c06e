/** A process that serves one route, which breaks an invariant; says its URL on standard output. */
import { Controller, Get, Module } from '@nestjs/common';
import { InvariantError } from '#errors';
import { createHttpApp } from '../index.js';

@Controller()
class BlunderController {
  @Get()
  blunder(): never {
    throw new InvariantError('coins out of nowhere');
  }
}

@Module({ controllers: [BlunderController] })
class BlunderModule {}

const { url } = await createHttpApp(BlunderModule, { port: 0 });
process.stdout.write(`${url}\n`);
