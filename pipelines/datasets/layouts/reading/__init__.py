"""What the layouts read with: folders, tables and MATLAB's files, none of which is trusted."""
