# For CMake: find_package(rnnlm 1.0) gives the targets rnnlm::rnnlm, the shared library, and rnnlm::static.
# make install fills in what stands between @.
function(rnnlm_targets)
    if(TARGET rnnlm::rnnlm)
        return()
    endif()
    get_filename_component(prefix "${CMAKE_CURRENT_LIST_DIR}" REALPATH)
    get_filename_component(prefix "@prefix@" ABSOLUTE)
    add_library(rnnlm::rnnlm SHARED IMPORTED)
    set_target_properties(rnnlm::rnnlm PROPERTIES
        IMPORTED_LOCATION "@libdir@/librnnlm.so.@abi@"
        IMPORTED_SONAME "librnnlm.so.@abi@"
        INTERFACE_INCLUDE_DIRECTORIES "@includedir@")
    add_library(rnnlm::static STATIC IMPORTED)
    set_target_properties(rnnlm::static PROPERTIES
        IMPORTED_LOCATION "@libdir@/librnnlm.a"
        INTERFACE_INCLUDE_DIRECTORIES "@includedir@"
        INTERFACE_LINK_LIBRARIES "@libs@")
endfunction()
rnnlm_targets()
