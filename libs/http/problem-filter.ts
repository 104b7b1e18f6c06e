import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { answerProblem, type ProblemOptions } from './answer-problem.js';

export type ProblemFilterOptions = ProblemOptions;

/** Answers whatever a controller throws as problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly options: ProblemFilterOptions) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    answerProblem(
      thrown,
      http.getRequest<IncomingMessage>(),
      http.getResponse<ServerResponse>(),
      this.options,
    );
  }
}
