// The private network behind `npm start` takes this place as soon as its parts stand.
console.log('Cairn is installed and built; there is no network to start yet.');
