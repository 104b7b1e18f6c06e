import { type DynamicModule, Inject, Module, type OnModuleDestroy } from '@nestjs/common';
import { type BullJobQueueOptions, createBullJobQueue } from './bull-job-queue.js';
import { createEmbeddedJobQueue, type EmbeddedJobQueueOptions } from './embedded-job-queue.js';
import { JOB_QUEUE, type JobQueue } from './job-queue.js';

/**
 * Provides the process's `JobQueue` under `JOB_QUEUE` and closes it first of all at shutdown, after running handlers:
 * what handlers use closes later, in `onApplicationShutdown`.
 */
@Module({})
export class JobsModule implements OnModuleDestroy {
  constructor(@Inject(JOB_QUEUE) private readonly queue: JobQueue) {}

  /** Jobs in a SQLite file of this process's data folder. */
  static embedded(options: EmbeddedJobQueueOptions): DynamicModule {
    return moduleWith(() => createEmbeddedJobQueue(options));
  }

  /** Jobs in Redis, shared by all processes of one operator. */
  static redis(options: BullJobQueueOptions): DynamicModule {
    return moduleWith(() => createBullJobQueue(options));
  }

  async onModuleDestroy(): Promise<void> {
    await this.queue.close({ graceMs: 5_000 });
  }
}

function moduleWith(useFactory: () => Promise<JobQueue>): DynamicModule {
  return {
    module: JobsModule,
    global: true,
    providers: [{ provide: JOB_QUEUE, useFactory }],
    exports: [JOB_QUEUE],
  };
}
