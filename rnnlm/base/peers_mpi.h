// Processes that MPI has started (mpirun), in builds with it: make MPI=1.
#ifndef BASE_PEERS_MPI_H
#define BASE_PEERS_MPI_H

#include "base/peers.h"

// Which processes there are. Error: no memory; what MPI itself finds wrong ends the program.
bool peers_mpi_open(struct peers *peers, const atomic_int *asked, struct error *error);

#endif
