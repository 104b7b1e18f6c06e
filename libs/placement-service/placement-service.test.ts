import { connectLocally, describePlacementPort } from '../services/testing/index.js';

describePlacementPort('in this process', connectLocally);
